package main

import (
	"bytes"
	"slices"
	"strings"
)

// override makes the mistakes again in an override of a region, on a line of its own below a good file.
func override(file string, data []byte, t *target, region string) []*mutation {
	if t.inList {
		return nil
	}
	data = append(bytes.TrimRight(slices.Clone(data), "\n"), '\n')
	line := bytes.Count(data, []byte("\n")) + 1
	var list []*mutation
	add := func(kind, detail, text string) {
		list = append(list, &mutation{file: file, kind: kind, place: "override", path: `regions."` + region + `".` + strings.Join(t.path, "."),
			shape: t.shape(), field: t, lines: []int{line}, text: slices.Concat(data, []byte(text), []byte("\n")), detail: detail})
	}
	prefix := `regions: "` + region + `": `
	for _, name := range t.path[:len(t.path)-1] {
		prefix += quoted(name) + ": "
	}
	valueFrom, valueTo := t.valueSpan()
	value := string(data[valueFrom:valueTo])
	if typo := misspelt(t.name); typo != "" && !strings.Contains(value, "\n") {
		add("rename", typo, prefix+quoted(typo)+": "+value)
	}
	for _, wrong := range wrongValues(t) {
		add(wrong.kind, wrong.text, prefix+quoted(t.name)+": "+wrong.text)
	}
	add("bare word", "", prefix+quoted(t.name)+": nonsense")
	add("drop the colon", "", prefix+quoted(t.name)+" 1")
	return list
}
