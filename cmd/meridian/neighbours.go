package main

import (
	"context"
	"slices"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/publish"
)

// neighbours are the applications of a repository around those that are published or go: whom these call, and who calls
// what goes (S19).
type neighbours struct {
	session *session
	options publish.Options
	apps    []*compiler.Interface // that are published
	besides []publish.AppID       // the same, which are not asked whom they call
	going   []publish.AppID       // that nobody may call any more
	checked string                // the last commit that was looked at
}

// leaving adds the applications that are renamed or may be taken over by those that are published.
func (n *neighbours) leaving(apps []publish.App) {
	for _, app := range apps {
		n.besides = append(n.besides, publish.AppID{Namespace: app.Namespace, Name: app.Name})
	}
	n.going = slices.DeleteFunc(slices.Concat(n.options.RenameFrom, n.options.TakeOver), func(id publish.AppID) bool { return slices.Contains(n.besides, id) })
}

// check looks at the repository as it is, before anything is planned.
func (n *neighbours) check(ctx context.Context) ([]diag.Diagnostic, error) {
	if len(n.going) == 0 && len(n.callees()) == 0 {
		return nil, nil
	}
	snapshot, list, err := publish.Read(ctx, n.options)
	if err != nil || diag.HasErrors(list) {
		return list, err
	} // warnings will be told when publishing
	defer snapshot.Close()
	return n.checkOn(ctx, snapshot)
}

// checkAgain looks at the commit that is built on, if it is another one. It is an [publish.Options.Check].
func (n *neighbours) checkAgain(ctx context.Context, head *publish.Snapshot) ([]diag.Diagnostic, error) {
	if len(n.going) == 0 && len(n.callees()) == 0 || head.Commit() == n.checked {
		return nil, nil
	}
	list, err := n.checkOn(ctx, head)
	return slices.DeleteFunc(list, isWarning), err // those have been told
}

func (n *neighbours) checkOn(ctx context.Context, snapshot *publish.Snapshot) ([]diag.Diagnostic, error) {
	n.checked = snapshot.Commit()
	list, err := n.checkCallers(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	more, err := n.checkCallees(ctx, snapshot)
	return append(list, more...), err
}

// checkCallers compiles the other applications of the repository and reports those that call one which goes.
func (n *neighbours) checkCallers(ctx context.Context, snapshot *publish.Snapshot) ([]diag.Diagnostic, error) {
	r := &repository{options: n.options, snapshot: snapshot, session: n.session}
	var list []diag.Diagnostic
	for _, id := range n.going {
		if there, err := r.holds(ctx, id); err != nil || !there {
			if err != nil {
				return nil, err
			}
			continue
		}
		found, err := r.callers(ctx, id, n.besides)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// callees are whom the applications call that are not published with them.
func (n *neighbours) callees() []compiler.Callee {
	var list []compiler.Callee
	for _, app := range n.apps {
		list = append(list, app.Callees...)
	}
	return slices.DeleteFunc(list, func(callee compiler.Callee) bool { return among(n.apps, callee) })
}

func among(apps []*compiler.Interface, callee compiler.Callee) bool {
	return slices.ContainsFunc(apps, func(app *compiler.Interface) bool { return app.Space == callee.Space && app.Name == callee.App })
}

// checkCallees compiles the applications of the repository that are called, and checks both sides of every call.
func (n *neighbours) checkCallees(ctx context.Context, snapshot *publish.Snapshot) ([]diag.Diagnostic, error) {
	wanted := n.callees()
	if len(wanted) == 0 {
		return nil, nil
	}
	platform := n.session.compiler.Platform()
	apps := slices.Clone(n.apps)
	for _, callee := range wanted {
		if among(apps, callee) {
			continue
		}
		id := publish.AppID{Namespace: platform.Namespace(callee.Space), Name: callee.App}
		if slices.Contains(n.options.RenameFrom, id) || slices.Contains(n.options.TakeOver, id) {
			continue // it goes
		}
		there, err := snapshot.App(ctx, id)
		if err != nil {
			return nil, err
		}
		if there == nil {
			continue
		}
		seen, err := n.session.seen(id, there)
		if err != nil {
			return nil, err
		}
		if seen != nil {
			apps = append(apps, seen.Calling(n.apps))
		}
	}
	known := slices.Clone(apps)
	for _, callee := range wanted { // a callee that is nowhere: its space is given as a whole
		if !slices.ContainsFunc(known, func(app *compiler.Interface) bool { return app.Space == callee.Space }) {
			known = append(known, &compiler.Interface{Space: callee.Space})
		}
	}
	return slices.DeleteFunc(compiler.Together(known, true), func(d diag.Diagnostic) bool { return d.Code == diag.AcceptsNobody }), nil
}

// seen is what others see of a published application, in each region of the version that it carries; nil where its
// inputs do not compile.
func (s *session) seen(id publish.AppID, app *publish.Published) (*compiler.Interface, error) {
	done, err := s.recompile(id.Namespace, id.Name, app.Inputs, app.Owner.Newest())
	if err != nil || !done.ok() {
		return nil, err
	}
	all := done.result.Interface()
	for _, h := range app.Held {
		earlier, err := s.recompile(id.Namespace, id.Name, h.Inputs, h.Regions)
		if err != nil || !earlier.ok() {
			return nil, err
		}
		all = all.With(earlier.result.Interface())
	}
	return all, nil
}
