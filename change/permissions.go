package change

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/meridian-gitops/meridian/golden"
)

// grant is one thing that somebody may do: a subject with a role, or a role with a rule.
type grant interface {
	covers(grant) bool
	String() string
}

// permissions compares grants. What was not granted before is wider, what no longer is, is narrower.
func (c *Change) permissions(read func(map[string]any) ([]grant, bool), before, after map[string]any) {
	was, okWas := read(before)
	will, okWill := read(after)
	lacks := func(list []grant, g grant) bool {
		return !slices.ContainsFunc(list, func(other grant) bool { return other.covers(g) })
	}
	if !okWas || !okWill { // not understood: the cautious reading
		c.add(PermissionsWider)
		return
	}
	var more, less []string
	for _, g := range will {
		if lacks(was, g) {
			more = append(more, g.String())
		}
	}
	for _, g := range was {
		if lacks(will, g) {
			less = append(less, g.String())
		}
	}
	if len(more) > 0 {
		c.add(PermissionsWider, "granted: "+someOf(more))
	}
	if len(less) > 0 {
		c.add(PermissionsNarrower, "taken away: "+someOf(less))
	}
	if c.Op == golden.Changed && len(more)+len(less) == 0 {
		c.Notes = append(c.Notes, "it grants the same in other words")
	}
}

// boundRole is a subject that has a role.
type boundRole struct{ subject, kind, role string }

func (b boundRole) String() string { return b.role + " to " + b.subject }

// covers knows that Kubernetes' own roles contain one another: view, edit, admin, cluster-admin. How other roles
// compare is not known.
func (b boundRole) covers(g grant) bool {
	other, ok := g.(boundRole)
	if !ok || b.subject != other.subject || b.kind != other.kind {
		return false
	}
	ladder := []string{"view", "edit", "admin", "cluster-admin"}
	mine, its := slices.Index(ladder, b.role), slices.Index(ladder, other.role)
	if b.kind != "ClusterRole" || mine < 0 || its < 0 {
		return b.role == other.role
	}
	return mine >= its
}

func bindingGrants(object map[string]any) ([]grant, bool) {
	binding, ok := as[rbacv1.RoleBinding](object)
	var list []grant
	for _, s := range binding.Subjects {
		name := s.Name
		if s.Namespace != "" {
			name = s.Namespace + "/" + name
		}
		list = append(list, boundRole{strings.ToLower(s.Kind) + " " + name, binding.RoleRef.Kind, binding.RoleRef.Name})
	}
	return list, ok
}

// rule is a verb on a resource of a group, of all names or of one.
type rule struct{ group, resource, verb, name string }

func (r rule) String() string {
	text := r.verb + " " + r.resource
	if r.group != "" {
		text += "." + r.group
	}
	if r.name != "" {
		text += fmt.Sprintf(" %q", r.name)
	}
	return text
}

func (r rule) covers(g grant) bool {
	other, ok := g.(rule)
	in := func(mine, its string) bool { return mine == "*" || mine == its }
	return ok && in(r.group, other.group) && in(r.resource, other.resource) && in(r.verb, other.verb) && (r.name == "" || r.name == other.name)
}

func roleGrants(object map[string]any) ([]grant, bool) {
	role, ok := as[rbacv1.Role](object)
	var list []grant
	for _, r := range role.Rules {
		names := r.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				for _, verb := range r.Verbs {
					for _, name := range names {
						list = append(list, rule{group, resource, verb, name})
					}
				}
			}
		}
	}
	return list, ok
}
