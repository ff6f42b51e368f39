package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// row counts the mutations of one kind at one place.
type row struct {
	made, caught, exact, alone, fix, right int
}

// table is what there is to read: a line a kind of mistake and a place, then why what was not caught is right.
func table(judged []*verdict) string {
	rows, reasons := map[string]*row{}, map[string]int{}
	total := &row{}
	for _, v := range judged {
		key := v.place + "\t" + v.kind
		if rows[key] == nil {
			rows[key] = &row{}
		}
		for _, r := range []*row{rows[key], total} {
			r.count(v)
		}
		if v.reason != "" {
			reasons[v.reason]++
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "place\tmistake\tmade\tcaught\tat its line\tonly there\twith a fix\tright after all\t")
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(w, "%s\t%s", key, rows[key])
	}
	fmt.Fprintf(w, "\tall\t%s", total)
	_ = w.Flush() // a strings.Builder does not fail
	b.WriteString("\nRight after all, or told elsewhere:\n")
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&b, "%5d  %s\n", reasons[reason], reason)
	}
	return b.String()
}

func (r *row) count(v *verdict) {
	r.made++
	for _, n := range []struct {
		count *int
		yes   bool
	}{{&r.caught, v.caught}, {&r.exact, v.exact}, {&r.alone, v.alone}, {&r.fix, v.fix}, {&r.right, !v.caught && v.reason != ""}} {
		if n.yes {
			*n.count++
		}
	}
}

func (r *row) String() string {
	return fmt.Sprintf("%d\t%d\t%d\t%d\t%d\t%d\t\n", r.made, r.caught, r.exact, r.alone, r.fix, r.right)
}
