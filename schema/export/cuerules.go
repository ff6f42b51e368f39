package export

import (
	"fmt"
	"strings"
)

// needs are validators for groups of which one must be given.
func needs(u use) []string {
	var list []string
	for _, group := range u.t.OneOf {
		if group.Optional || !u.form.complete() {
			continue
		}
		heads := make([]string, len(group.Alternatives))
		for i, alternative := range group.Alternatives {
			heads[i] = fmt.Sprintf("{%s!: %s, ...}", label(alternative[0]), something(u.form))
		}
		list = append(list, "matchN(>=1, ["+strings.Join(heads, ", ")+"])")
	}
	return list
}

// something admits any value but the one that removes.
func something(f form) string {
	if f.null() {
		return "!=null"
	}
	return "_"
}

// exclusions write that a field of one alternative excludes those of the later ones. They are comprehensions rather than
// validators of the whole, so that cue names the field and its line, and does not print the whole value.
func exclusions(u use) string {
	var b strings.Builder
	for _, group := range u.t.OneOf {
		for i, alternative := range group.Alternatives {
			var others []string
			for _, other := range group.Alternatives[i+1:] {
				others = append(others, other...)
			}
			for _, name := range alternative {
				if len(others) > 0 {
					b.WriteString(exclusion(name, others, u.form))
				}
			}
		}
	}
	return b.String()
}

func exclusion(name string, others []string, f form) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\t// %s excludes %s.\n\tif %s != _|_ ", name, join(others), name)
	if f.null() {
		fmt.Fprintf(&b, "if %s != null ", name)
	}
	b.WriteString("{\n")
	for _, other := range others {
		fmt.Fprintf(&b, "\t\t%s?: %s\n", label(other), none(f))
	}
	return b.String() + "\t}\n"
}

// none admits no value, or only the one that removes.
func none(f form) string {
	if f.null() {
		return "null"
	}
	return "matchN(0, [_])"
}

// join lists words: "a, b and c".
func join(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
