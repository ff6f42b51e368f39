package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is a Markdown file and the commands that it shows.
type page struct {
	lines  []string
	blocks []*block
}

// block is a fenced block of the kind console.
type block struct {
	line     int    // of its fence, from 1
	reason   string // why it is not replayed; empty when it is
	commands []*command
}

// command is what follows a prompt, and what the page says that it prints.
type command struct {
	line      int      // of its prompt, from 1
	text      string   // without prompts; several lines when lines with the second prompt follow
	want      []string // until the next prompt
	from, end int      // the lines of want in the page, as a slice's bounds
}

// A comment alone on the line above a block says why the block is not replayed.
var notReplayed = regexp.MustCompile(`^<!-- not replayed:(.*)-->$`)

// parsePage finds the console blocks. The problems, each with its line, are what would let a command go unnoticed.
func parsePage(text string) (*page, []string) {
	p := &page{lines: strings.Split(text, "\n")}
	var problems []string
	problem := func(i int, what string) { problems = append(problems, fmt.Sprintf("%d: %s", i+1, what)) }
	for i := 0; i < len(p.lines); i++ {
		line := p.lines[i]
		kind, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "<!--") && strings.Contains(line, "not replayed"):
			switch m := notReplayed.FindStringSubmatch(line); {
			case m == nil:
				problem(i, "a comment of this kind is <!-- not replayed: REASON -->")
			case strings.TrimSpace(m[1]) == "":
				problem(i, "why is it not replayed?")
			case i+1 == len(p.lines) || p.lines[i+1] != "```console":
				problem(i, "no console block is directly below")
			}
		case fence:
			end := i + 1
			for end < len(p.lines) && strings.TrimSpace(p.lines[end]) != "```" {
				end++
			}
			switch {
			case line == "```console":
				b, wrong := p.block(i, end)
				p.blocks = append(p.blocks, b)
				if wrong != "" {
					problem(i, wrong)
				}
			case kind == "console":
				problem(i, "a console block is not indented")
			case slices.ContainsFunc(p.lines[i+1:min(end, len(p.lines))], func(s string) bool { return strings.HasPrefix(strings.TrimSpace(s), "$ ") }):
				problem(i, "a block with commands is a console block")
			}
			i = end
		}
	}
	return p, problems
}

// block reads the console block between two fences, and says what is wrong with it.
func (p *page) block(open, end int) (*block, string) {
	b := &block{line: open + 1}
	if open > 0 {
		if m := notReplayed.FindStringSubmatch(p.lines[open-1]); m != nil {
			b.reason = strings.TrimSpace(m[1])
		}
	}
	for i := open + 1; i < end; i++ {
		text, prompt := strings.CutPrefix(p.lines[i], "$ ")
		switch {
		case prompt:
			c := &command{line: i + 1, text: text}
			for ; i+1 < end && strings.HasPrefix(p.lines[i+1], "> "); i++ {
				c.text += "\n" + strings.TrimPrefix(p.lines[i+1], "> ")
			}
			c.from, c.end, c.want = i+1, i+1, []string{}
			b.commands = append(b.commands, c)
		case len(b.commands) == 0:
			return b, "a console block begins with a command: $ …"
		default:
			c := b.commands[len(b.commands)-1]
			c.want, c.end = append(c.want, p.lines[i]), i+1
		}
	}
	if len(b.commands) == 0 {
		return b, "no command is in this console block"
	}
	return b, ""
}

// replayed are the commands to run, in order.
func (p *page) replayed() []*command {
	var list []*command
	for _, b := range p.blocks {
		if b.reason == "" {
			list = append(list, b.commands...)
		}
	}
	return list
}

// String is the page, with the outputs that its commands have now.
func (p *page) String() string {
	lines := slices.Clone(p.lines)
	commands := p.replayed()
	slices.Reverse(commands) // from the end, so that the bounds of the others stay
	for _, c := range commands {
		lines = slices.Replace(lines, c.from, c.end, c.want...)
	}
	return strings.Join(lines, "\n")
}

func TestParsePage(t *testing.T) {
	const text = "# Page\n\n```console\n$ one\n1\n\n$ cat <<END\n> 2\n> END\n2\n```\n\n<!-- not replayed: needs a network -->\n```console\n$ curl x\n```\n\n```cue\n// text\n```\n"
	p, problems := parsePage(text)
	if problems != nil {
		t.Fatal(problems)
	}
	if p.blocks[1].reason != "needs a network" || len(p.blocks) != 2 {
		t.Errorf("blocks: %+v", p.blocks)
	}
	commands := p.replayed()
	for i, want := range []command{
		{line: 4, text: "one", want: []string{"1", ""}, from: 4, end: 6},
		{line: 7, text: "cat <<END\n2\nEND", want: []string{"2"}, from: 9, end: 10},
	} {
		if diff := cmp.Diff(want, *commands[i], cmp.AllowUnexported(command{})); diff != "" {
			t.Errorf("command %d (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(text, p.String()); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	commands[0].want, commands[1].want = []string{"uno"}, []string{"dos", "tres"}
	want := strings.Replace(strings.Replace(text, "1\n\n", "uno\n", 1), "END\n2\n", "END\ndos\ntres\n", 1)
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("rewritten (-want +got):\n%s", diff)
	}
}

func TestParsePageProblems(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no reason", "<!-- not replayed: -->\n```console\n$ x\n```", "1: why is it not replayed?"},
		{"no colon", "<!-- not replayed -->\n```console\n$ x\n```", "1: a comment of this kind is <!-- not replayed: REASON -->"},
		{"not above a block", "<!-- not replayed: why -->\n\n```console\n$ x\n```", "1: no console block is directly below"},
		{"at the end", "text\n<!-- not replayed: why -->", "2: no console block is directly below"},
		{"another kind", "```sh\n$ x\n```", "1: a block with commands is a console block"},
		{"no kind", "text\n```\nx\n$ x\n```", "2: a block with commands is a console block"},
		{"indented", "- item\n  ```console\n  $ x\n  ```", "2: a console block is not indented"},
		{"output first", "```console\nx\n$ x\n```", "1: a console block begins with a command: $ …"},
		{"empty", "```console\n```", "1: no command is in this console block"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := parsePage(test.text)
			if diff := cmp.Diff([]string{test.want}, problems); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
