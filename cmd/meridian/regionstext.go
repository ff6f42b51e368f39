package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/meridian-gitops/meridian/report"
)

// printRegions prints a table or, on a terminal that is too narrow for it, a block a region.
func (c *cli) printRegions(rows []regionRow) error {
	text, err := regionsTable(rows)
	if err != nil {
		return err
	}
	style := c.style(c.Stdout)
	head, rest, _ := strings.Cut(text, "\n")
	if style.Width > 0 && widest(text) > style.Width {
		text = regionBlocks(rows, style)
	} else {
		text = style.Strong(head) + "\n" + rest
	}
	_, err = io.WriteString(c.Stdout, text)
	return err
}

// regionHeads are the heads of the columns; the last is of names in any script, whose width nothing depends on.
func regionHeads() []string {
	return []string{"REGION", "STATE", "REGISTRY", "KUBERNETES", "DNS", "PROXIES", "SOURCE CIDRS", "NAME"}
}

// cells are what stands below the heads.
func (r *regionRow) cells() []string {
	state := "open"
	switch {
	case !r.Open:
		state = "closed"
	case r.Control:
		state = "open, control"
	}
	dns := r.Record
	if r.ICPFiling {
		dns += " (ICP filing)"
	}
	return []string{r.ID, state, r.Registry, r.Kubernetes, dns, strings.Join(r.Proxies, " "), strings.Join(r.SourceCIDRs, " "), r.Title}
}

func regionsTable(rows []regionRow) (string, error) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(regionHeads(), "\t"))
	for i := range rows {
		fmt.Fprintln(w, strings.Join(rows[i].cells(), "\t"))
	}
	err := w.Flush()
	return b.String(), err
}

// regionBlocks prints a region's identifier and name, and below them a line for each of the other columns.
func regionBlocks(rows []regionRow, style report.Style) string {
	const indent = "                " // as wide as what stands before a value
	var b strings.Builder
	heads := regionHeads()
	last := len(heads) - 1
	for i := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		cells := rows[i].cells()
		fmt.Fprintln(&b, style.Wrap(style.Strong(cells[0])+"  "+cells[last], "  "))
		for j := 1; j < last; j++ {
			head := fmt.Sprintf("  %-*s", len(indent)-2, strings.ToLower(heads[j]))
			fmt.Fprintln(&b, style.Wrap(head+cells[j], indent))
		}
	}
	return b.String()
}

// widest is how wide the widest line of a text is.
func widest(text string) int {
	most := 0
	for line := range strings.Lines(text) {
		most = max(most, report.Columns(strings.TrimSuffix(line, "\n")))
	}
	return most
}
