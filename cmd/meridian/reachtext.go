package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/reach"
	"github.com/meridian-gitops/meridian/report"
)

// reachText is the answers as text; regions that are answered alike are folded.
func reachText(answers []connection, style report.Style) string {
	var b strings.Builder
	for i, answer := range answers {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", style.Strong(report.Harmless(answer.title)))
		for _, block := range foldRegions(answer.Regions, style) {
			b.WriteByte('\n')
			head := "  " + verdictPaint(block.Outcome, style)(verdictWord(block.Outcome)) + " "
			writeWrapped(&b, head, block.lead(len(answer.Regions)), style)
			b.WriteString(block.text)
		}
	}
	return b.String()
}

// block is what is the same in some regions.
type block struct {
	regionAnswer
	regions []string
	text    string
}

// foldRegions puts together what is the same, allowed first.
func foldRegions(answers []regionAnswer, style report.Style) []*block {
	var blocks []*block
	for _, answer := range answers {
		text := answer.text(style)
		i := slices.IndexFunc(blocks, func(b *block) bool {
			return b.Outcome == answer.Outcome && b.Through == answer.Through && b.text == text
		})
		if i < 0 {
			i, blocks = len(blocks), append(blocks, &block{regionAnswer: answer, text: text})
		}
		blocks[i].regions = append(blocks[i].regions, answer.Region)
	}
	order := []reach.Outcome{reach.Allowed, reach.OneSided, reach.Partly, reach.Unknown, reach.Denied}
	slices.SortStableFunc(blocks, func(a, b *block) int {
		return slices.Index(order, a.Outcome) - slices.Index(order, b.Outcome)
	})
	return blocks
}

func verdictWord(o reach.Outcome) string {
	switch o {
	case reach.Allowed, reach.OneSided:
		return "yes "
	case reach.Partly:
		return "some"
	case reach.Unknown:
		return "?   "
	}
	return "no  "
}

// verdictPaint is how a verdict's word is shown.
func verdictPaint(o reach.Outcome, style report.Style) func(string) string {
	switch o {
	case reach.Allowed, reach.OneSided:
		return style.Good
	case reach.Partly, reach.Unknown:
		return style.Careful
	}
	return style.Bad
}

// lead is how a block begins: how, and in which regions.
func (b *block) lead(all int) string {
	how := ""
	switch {
	case b.Outcome == reach.OneSided:
		how = "by this side, "
	case b.Through != "":
		how = "through the " + b.Through + ", "
	}
	switch n := len(b.regions); {
	case n == 1:
		return how + "in " + b.regions[0]
	case n == all && n == 2:
		return how + "in both regions"
	case n == all:
		return fmt.Sprintf("%sin all %d regions", how, n)
	default:
		return fmt.Sprintf("%sin %d regions: %s", how, n, strings.Join(b.regions, ", "))
	}
}

// labelled is a line of a block; paint is how its label is shown, nil: as an aside.
type labelled struct {
	label, text string
	paint       func(string) string
}

func (a regionAnswer) text(style report.Style) string {
	var lines []labelled
	rest := restOf(a.Parts)
	for _, i := range partOrder(a.Parts, rest) {
		lines = append(lines, a.Parts[i].lines(len(a.Parts) > 1, i == rest, style)...)
	}
	for _, e := range a.Exposures {
		lines = append(lines, labelled{"edge", fmt.Sprintf("%s: %s leads here; %s", e.Entry, e.Leads, e.Why), nil})
	}
	for _, note := range a.Notes {
		lines = append(lines, labelled{"note", note, nil})
	}
	for _, fix := range a.Fixes {
		lines = append(lines, labelled{"fix", fix, style.Good})
	}
	width := 0
	for _, line := range lines {
		width = max(width, len(line.label))
	}
	var b strings.Builder
	for _, line := range lines {
		paint := line.paint
		if paint == nil {
			paint = style.Aside
		}
		label := paint(line.label) + strings.Repeat(" ", width-len(line.label))
		writeWrapped(&b, "       "+label+"  ", line.text, style)
	}
	return b.String()
}

// restOf is the part with the most ranges, which are not listed if they are many; else -1.
func restOf(parts []partAnswer) int {
	rest, most := -1, 4
	for i, part := range parts {
		if n := len(part.Addresses); n > most {
			rest, most = i, n
		}
	}
	return rest
}

// partOrder is the order in which parts are told: allowed first, the rest last.
func partOrder(parts []partAnswer, rest int) []int {
	place := func(i int) int {
		switch {
		case i == rest:
			return 2
		case parts[i].Outcome == reach.Allowed:
			return 0
		}
		return 1
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(a) - place(b) })
	return order
}

func (p partAnswer) lines(several, rest bool, style report.Style) []labelled {
	var lines []labelled
	word, paint := strings.TrimSpace(verdictWord(p.Outcome)), verdictPaint(p.Outcome, style)
	switch {
	case several && p.Source != "":
		lines = append(lines, labelled{word, p.Source, paint})
	case several && rest:
		lines = append(lines, labelled{word, "the rest: " + count(len(p.Addresses), "range"), paint})
	case several:
		lines = append(lines, labelled{word, someOf(p.Addresses), paint})
	case p.Source != "":
		lines = append(lines, labelled{"from", p.Source, nil})
	}
	if p.Egress != nil {
		lines = append(lines, labelled{"egress", p.Egress.Why, nil})
	}
	if p.Ingress != nil {
		lines = append(lines, labelled{"ingress", p.Ingress.Why, nil})
	}
	if p.Note != "" {
		lines = append(lines, labelled{"note", p.Note, nil})
	}
	return lines
}

// someOf lists ranges, of many only the first.
func someOf(list []string) string {
	const most = 8
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
