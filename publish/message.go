package publish

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxAppTrailers is how many applications a commit message lists by name.
const maxAppTrailers = 20

// appsMessage is the commit message for applications.
func appsMessage(o Options, apps []App) string {
	subject := fmt.Sprintf("publish %d applications", len(apps))
	if len(apps) == 1 {
		subject = "publish " + apps[0].Namespace + "/" + apps[0].Name
		if len(apps[0].Regions) == 0 {
			subject = "withdraw " + apps[0].Namespace + "/" + apps[0].Name
		}
	}
	var trailers []string
	for i, a := range apps {
		if i == maxAppTrailers {
			trailers = append(trailers, fmt.Sprintf("Meridian-Apps: %d", len(apps)))
			break
		}
		trailers = append(trailers, fmt.Sprintf("Meridian-App: %s/%s", a.Namespace, a.Name))
	}
	sources, platforms := map[Source]bool{}, map[string]bool{}
	for _, a := range apps {
		sources[a.Source.public()], platforms[a.PlatformDigest] = true, true
	}
	return message(o, subject, trailers, sources, platforms)
}

// platformMessage is the commit message for a platform.
func platformMessage(o Options, p Platform) string {
	return message(o, "publish platform", nil, map[Source]bool{p.Source.public(): true}, map[string]bool{p.Digest: true})
}

// message adds the trailers that say where a commit came from, in git's form and, for a single source, under
// the names that Argo CD reads.
func message(o Options, subject string, trailers []string, sources map[Source]bool, platforms map[string]bool) string {
	add := func(name, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			trailers = append(trailers, name+": "+value)
		}
	}
	add("Meridian-Version", o.MeridianVersion)
	for _, platform := range slices.Sorted(maps.Keys(platforms)) {
		add("Meridian-Platform", platform)
	}
	byText := func(a, b Source) int { return strings.Compare(a.String(), b.String()) }
	for i, source := range slices.SortedFunc(maps.Keys(sources), byText) {
		if i < maxAppTrailers {
			add("Meridian-Source", source.String())
		}
	}
	if commit, repository, ok := oneCommit(sources); ok {
		add("Argocd-reference-commit-sha", commit)
		add("Argocd-reference-commit-repourl", repository)
		if o.SourceCommit != nil && o.SourceCommit.Commit == commit {
			trailers = append(trailers, o.SourceCommit.trailers()...)
		}
	}
	if text := strings.TrimSpace(strings.ReplaceAll(o.Message, "\r\n", "\n")); text != "" {
		subject = text
	}
	return withTrailers(subject, trailers)
}

// oneCommit returns the commit and the repository that all sources are of, if they are of one.
func oneCommit(sources map[Source]bool) (commit, repository string, ok bool) {
	for source := range sources {
		if ok && (source.Commit != commit || source.Repository != repository) {
			return "", "", false
		}
		commit, repository, ok = source.Commit, source.Repository, true
	}
	return commit, repository, ok
}
