package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/regions"
)

// survey is what `reach` knows: the applications of the arguments, and every region's cluster with them and their
// spaces in it.
type survey struct {
	platform *regions.Platform
	apps     []*surveyed // sorted by path
	clusters map[string]*reach.Cluster
	sources  map[*compiler.RegionPlan]map[string]compiler.Origins // what was worked out so far
}

// surveyed is an application of the arguments.
type surveyed struct {
	appName
	plans map[string]*compiler.RegionPlan // by region, of those that are shown
	ids   []string                        // the regions, sorted
}

// appName names an application.
type appName struct{ space, app string }

func (n appName) String() string { return n.space + "/" + n.app }

// words is the name as texts have it.
func (n appName) words() string { return n.app + " (" + n.space + ")" }

// surveyAll compiles the applications that args name and reads back what was rendered. Applications are not checked
// against one another: whether they fit is the question.
func (c *cli) surveyAll(ctx context.Context, s *session, args []string, q question, only []string) (*survey, error) {
	w := &survey{platform: s.compiler.Platform(), clusters: map[string]*reach.Cluster{}, sources: map[*compiler.RegionPlan]map[string]compiler.Origins{}}
	objects := &rendered{byRegion: map[string][]runtime.Object{}}
	b, err := c.compileEach(ctx, s, args, func(app *compiled) error { return w.add(app.whole, only, objects) })
	if err != nil {
		return nil, err
	}
	b.list = append(b.list, slices.DeleteFunc(compiler.Together(b.interfaces, false), func(d diag.Diagnostic) bool { return d.Code != diag.SameApplication })...)
	if err := c.report(diag.Sort(b.list), b.sources); err != nil {
		return nil, err
	}
	if err := w.checkOther(q); err != nil {
		return nil, usageError{err}
	}
	if err := w.addSpaces(s.compiler, q.other.space, objects); err != nil {
		return nil, err
	}
	for _, id := range sortedNames(objects.byRegion) {
		if w.clusters[id], err = reach.New(objects.byRegion[id]...); err != nil {
			return nil, fmt.Errorf("region %s: %w", id, err)
		}
	}
	return w, nil
}

// checkOther refuses a space that is not there, and to ask for every port of an application that is not known.
func (w *survey) checkOther(q question) error {
	if _, ok := w.platform.Spaces[q.other.space]; !ok && q.other.space != "" {
		return fmt.Errorf("there is no space %q; the spaces are %s", q.other.space, strings.Join(sortedNames(w.platform.Spaces), ", "))
	}
	for _, app := range w.apps {
		if callee := w.otherName(q, app); !q.inbound && q.port == nil && w.find(callee) == nil {
			return fmt.Errorf("which ports %s has is not known: give one, %s, or its app.cue too", callee.words(), withPort(q.other.text, "PORT"))
		}
	}
	return nil
}

func (w *survey) add(result *compiler.Result, only []string, objects *rendered) error {
	app := &surveyed{appName: appName{result.App.Space, result.App.Name}, plans: map[string]*compiler.RegionPlan{}}
	objects.next()
	for i, output := range result.Outputs {
		if len(only) > 0 && !slices.Contains(only, output.Region) {
			continue
		}
		if err := objects.add(output.Region, output.Files); err != nil {
			return err
		}
		app.plans[output.Region] = &result.Plans[i]
		app.ids = append(app.ids, output.Region)
	}
	w.apps = append(w.apps, app)
	return nil
}

// rendered are the objects of every region's cluster. What is the same in several regions is read once.
type rendered struct {
	byRegion map[string][]runtime.Object
	known    map[string]runtime.Object // by their bytes, of one application or space
}

// next forgets what was read: nothing of it comes again.
func (r *rendered) next() { r.known = map[string]runtime.Object{} }

func (r *rendered) add(region string, files manifest.Tree) error {
	list := r.byRegion[region]
	for path, data := range files.Files() {
		object, known := r.known[string(data)]
		if !known {
			var err error
			if object, err = reach.Object(data); err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			r.known[string(data)] = object
		}
		if object != nil {
			list = append(list, object)
		}
	}
	r.byRegion[region] = list
	return nil
}

// addSpaces adds the spaces of the applications, and the one at the other end: their labels and policies.
func (w *survey) addSpaces(c *compiler.Compiler, other string, objects *rendered) error {
	names := []string{other}
	for _, app := range w.apps {
		names = append(names, app.space)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == "" {
			continue
		}
		objects.next()
		for _, id := range w.platform.SpaceRegions(name) {
			if _, shown := objects.byRegion[id]; !shown {
				continue
			}
			space, err := c.Space(name, id)
			if err != nil {
				return err
			}
			if err := objects.add(id, space.Files); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns an application of the arguments, or nil.
func (w *survey) find(name appName) *surveyed {
	i := slices.IndexFunc(w.apps, func(app *surveyed) bool { return app.appName == name })
	if i < 0 {
		return nil
	}
	return w.apps[i]
}

// pod returns the pods of an application in a region. Of one that is not among the arguments it is known which
// labels it has at least.
func (w *survey) pod(name appName, region string) reach.Pod {
	cluster := w.clusters[region]
	namespace := w.platform.Namespace(name.space)
	if pod, ok := cluster.Pod(namespace, name.app); ok {
		return pod
	}
	return cluster.UnknownPod(namespace, name.app, compiler.Identity(name.space, name.app))
}

// origins says what the rules for an application's pods come from in a region, by policy.
func (w *survey) origins(plan *compiler.RegionPlan) map[string]compiler.Origins {
	if _, done := w.sources[plan]; !done {
		w.sources[plan] = plan.Origins()
	}
	return w.sources[plan]
}
