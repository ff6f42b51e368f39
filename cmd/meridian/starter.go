package main

import (
	"fmt"
	"strings"
)

const preCommitConfig = `# Meridian's hooks; see https://pre-commit.com
repos:
  - repo: https://github.com/meridian-gitops/meridian
    rev: main # pin a release here
    hooks:
      - id: meridian-fmt
      - id: meridian-vet
      - id: meridian-test
`

// nameOf makes an application's name of a folder's: what a name cannot have becomes '-'.
func nameOf(folder string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(folder))
	return strings.Trim(name, "-")
}

// starter is an app.cue with what was asked for, and nothing that must be removed.
func starter(f initFlags) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package app\n\nname:  %q\nspace: %q // the namespace is \"<org>-%s\"\nowner: %q\n\n", f.name, f.space, f.space, f.owner)
	fmt.Fprintf(&b, "image: {name: %q, tag: \"1.0\"} // <the region's registry>/<company project>/%s:1.0\n\n", f.image, f.image)
	b.WriteString("resources: {\n\trequests: {cpu: \"100m\", memory: \"128Mi\"}\n\tlimits: memory: \"256Mi\"\n}\nreplicas: 2\n\n")
	fmt.Fprintf(&b, "ports: web: %d\n\n", f.port)
	if f.host != "" {
		fmt.Fprintf(&b, "http: public: {\n\thost: %q // under a domain that is registered to the space\n\tport: \"web\"\n}\n\n", f.host)
	}
	fmt.Fprintf(&b, "health: {\n\tstartup: http: {path: %q, port: \"web\"} // it gets requests only after this succeeds\n\tliveness: tcp: port: \"web\"\n}\n", f.path)
	return b.String()
}
