package compiler

import (
	"cmp"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// constraints compares every distinct merged application with the platform's rules, in CUE.
func (c *Compiler) constraints(plans []RegionPlan) []diag.Diagnostic {
	if len(c.platform.Constraints) == 0 {
		return nil
	}
	found := map[string][]diag.Diagnostic{}
	rules := make([]*schema.Node, len(c.platform.Constraints))
	for i, rule := range c.platform.Constraints {
		rules[i] = rule.App
	}
	cache := map[*schema.Spec][][]schema.Violation{}
	for i := range plans {
		p := &plans[i]
		if p.incomplete {
			continue
		}
		violations, ok := cache[p.Spec]
		if !ok {
			var err error
			if violations, err = schema.Violations(p.Node, rules); err != nil {
				found[p.Region.ID] = append(found[p.Region.ID], diag.New(diag.ConstraintBroken, p.Where(), "", "the application cannot be compared with the platform's rules: %v", err))
				continue
			}
			cache[p.Spec] = violations
		}
		for j, rule := range c.platform.Constraints {
			if !rule.Applies(p.App.Space, p.Region.ID) {
				continue
			}
			for _, v := range violations[j] {
				field := cmp.Or(fieldPath(v.Path), "the application")
				message := cmp.Or(rule.Message, field+" is not as the rule wants it")
				d := diag.New(diag.ConstraintBroken, p.Where(v.Path...), fieldPath(v.Path), "rule %s: %s", rule.Name, message).
					WithHint("change %s, or ask the platform's team", field)
				found[p.Region.ID] = append(found[p.Region.ID], d.WithRelated(rule.Pos, "the platform's rule %s", rule.Name))
			}
		}
	}
	return diag.Fold(found, len(plans))
}
