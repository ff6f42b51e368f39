package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// object is a manifest as it is written.
type object struct {
	kind, name string
	value      any
}

func (o object) String() string { return o.kind + " " + o.name }

func (x *check) checkObjects(result *compiler.Result) error {
	for i := range result.Outputs {
		output := &result.Outputs[i]
		if !slices.Contains(x.in, output.Region) {
			continue
		}
		objects, err := x.read(result, output)
		if err != nil {
			return err
		}
		x.found[output.Region] = x.compare(x.In(output.Region), objects)
	}
	return nil
}

// read decodes what is written for a region; of the application as it is, once for all expectations.
func (x *check) read(result *compiler.Result, output *compiler.Output) ([]object, error) {
	if known, ok := x.objects[output.Region]; ok && result == x.App {
		return known, nil
	}
	var objects []object
	for file, data := range output.Files.Files() {
		o := object{}
		if err := yaml.Unmarshal(data, &o.value); err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", file, output.Region, err)
		}
		fields, _ := o.value.(map[string]any)
		metadata, _ := fields["metadata"].(map[string]any)
		o.kind, _ = fields["kind"].(string)
		o.name, _ = metadata["name"].(string)
		objects = append(objects, o)
	}
	if result == x.App {
		if x.objects == nil {
			x.Checker.objects = map[string][]object{}
		}
		x.Checker.objects[output.Region] = objects
	}
	return objects, nil
}

// compare returns what is wrong with a region's objects.
func (x *check) compare(e *schema.Expectation, objects []object) []diag.Diagnostic {
	var list []diag.Diagnostic
	var others []string
	matched := false
	for _, o := range objects {
		switch {
		case o.kind != e.Object.Kind:
			continue
		case e.Object.Name != "" && e.Object.Name != o.name:
			others = append(others, o.name)
			continue
		}
		matched = true
		if e.Absent {
			list = append(list, x.fails(x.at("absent"), "absent", "there is a %s", o))
		}
		list = append(list, x.mismatches(e, o)...)
	}
	if matched || e.Absent {
		return list
	}
	d := x.fails(x.at("object"), "object", "there is no %s", strings.TrimSpace(e.Object.Kind+" "+e.Object.Name))
	if len(others) > 0 {
		d = d.WithHint("there is %s; the name may be left out", strings.Join(others, ", "))
	}
	return []diag.Diagnostic{d}
}

func (x *check) mismatches(e *schema.Expectation, o object) []diag.Diagnostic {
	if e.Contains == nil {
		return nil
	}
	var list []diag.Diagnostic
	for _, m := range e.Contains.Mismatches(o.value) {
		d := x.fails(m.Pos, "contains", "%s %s", subject(m, o), predicate(m))
		if m.Path != "" {
			d.Path += "." + m.Path
		}
		list = append(list, d)
	}
	return list
}

func subject(m schema.Mismatch, o object) string {
	if m.Path == "" {
		return o.String()
	}
	return m.Path + " of " + o.String()
}

func predicate(m schema.Mismatch) string {
	is := "is " + cmp.Or(m.Found, "missing")
	switch m.Want {
	case "":
		return is + ", which is not expected"
	case schema.NoField:
		return is + ", want none"
	}
	return is + ", want " + m.Want
}
