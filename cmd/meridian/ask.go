package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/report"
)

// prompt is a question: something that a starter needs to know.
type prompt struct {
	flag   string // that answers it, too
	text   string
	path   string // the field of app.cue that the answer becomes; empty when it becomes none
	get    func(*initFlags) string
	set    func(*initFlags, string) error
	unless func(*initFlags) bool // nil: it is always asked
}

func prompts(spaces []string) []prompt {
	text := func(flag, text, path string, field func(*initFlags) *string) prompt {
		return prompt{flag: flag, text: text, path: path,
			get: func(f *initFlags) string { return *field(f) },
			set: func(f *initFlags, answer string) error { *field(f) = answer; return nil },
		}
	}
	publishTo := text("publish-to", "GitOps repository that the CI job publishes to (none: it only checks)", "", func(f *initFlags) *string { return &f.publishTo })
	publishTo.unless = func(f *initFlags) bool { return len(f.ci) == 0 }
	return []prompt{
		text("name", "name of the application", "name", func(f *initFlags) *string { return &f.name }),
		text("space", "space: "+strings.Join(spaces, ", "), "space", func(f *initFlags) *string { return &f.space }),
		text("owner", "who answers for it, an address or a name", "owner", func(f *initFlags) *string { return &f.owner }),
		text("image", "name of the image", "image.name", func(f *initFlags) *string { return &f.image }),
		{flag: "port", text: "port that it listens on", path: "ports.web",
			get: func(f *initFlags) string { return strconv.Itoa(f.port) },
			set: func(f *initFlags, answer string) (err error) {
				if f.port, err = strconv.Atoi(answer); err != nil {
					return fmt.Errorf("%q is not a number", answer)
				}
				return nil
			}},
		text("health", "HTTP path that answers when it is up", "health.startup.http.path", func(f *initFlags) *string { return &f.path }),
		text("host", "host to expose it at (none: it is not exposed)", "http.public.host", func(f *initFlags) *string { return &f.host }),
		yesNo("editor", "completion and documentation in editors?", func(f *initFlags) *bool { return &f.editor }),
		yesNo("pre-commit", "pre-commit hooks?", func(f *initFlags) *bool { return &f.preCommit }),
		{flag: "ci", text: "CI job: github, gitlab or none",
			get: func(f *initFlags) string { return strings.Join(f.ci, ", ") },
			set: func(f *initFlags, answer string) error {
				f.ci = strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' })
				_, err := ciFiles(".", *f)
				return err
			}},
		publishTo,
	}
}

func yesNo(flag, text string, field func(*initFlags) *bool) prompt {
	return prompt{flag: flag, text: text,
		get: func(f *initFlags) string {
			if *field(f) {
				return "yes"
			}
			return "no"
		},
		set: func(f *initFlags, answer string) error {
			switch strings.ToLower(answer) {
			case "y", "yes":
				*field(f) = true
			case "n", "no", "":
				*field(f) = false
			default:
				return errors.New("answer yes or no")
			}
			return nil
		}}
}

// ask asks on the terminal what no flag says, and checks each answer as vet would before it asks the next.
func (c *cli) ask(cmd *cobra.Command, s *session, path string, f *initFlags) error {
	style, lines := c.style(c.Stderr), readLines(c.Stdin)
	if !cmd.Flags().Changed("editor") {
		f.editor = true // who is asked may say no
	}
	fmt.Fprintf(c.Stderr, "Enter takes what is in brackets; - is none.\n")
	for _, q := range prompts(slices.Sorted(maps.Keys(s.compiler.Platform().Spaces))) {
		if cmd.Flags().Changed(q.flag) || q.unless != nil && q.unless(f) {
			continue
		}
		if q.flag == "image" && f.image == "" {
			f.image = f.name
		}
		for {
			problem, err := c.askOne(cmd.Context(), s, path, f, q, style, lines)
			if err != nil {
				return err
			}
			if problem == "" {
				break
			}
			fmt.Fprintln(c.Stderr, style.Wrap("  "+report.Words(style.Careful, report.Harmless(problem)), "  "))
		}
	}
	return nil
}

// askOne asks one prompt and returns what is wrong with the answer.
func (c *cli) askOne(ctx context.Context, s *session, path string, f *initFlags, q prompt, style report.Style, lines <-chan line) (string, error) {
	otherwise := q.get(f)
	fmt.Fprintf(c.Stderr, "%s [%s]: ", style.Strong(q.text), otherwise)
	var answer line
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.Stderr)
		return "", ctx.Err()
	case answer = <-lines:
	}
	if answer.err != nil {
		fmt.Fprintln(c.Stderr)
		return "", usageError{errors.New("the input ended before all was answered; nothing was written")}
	}
	text := strings.TrimSpace(answer.text)
	switch text {
	case "":
		text = otherwise
	case "-":
		text = ""
	}
	err := q.set(f, text)
	problem := ""
	if err != nil {
		problem = err.Error()
	} else if problem, err = s.problemWith(path, *f, q.path); err != nil {
		return "", err
	}
	if problem != "" {
		_ = q.set(f, otherwise) // what was refused is not offered again
	}
	return problem, nil
}

// problemWith says what is wrong with a field of the starter, as far as it has been answered.
func (s *session) problemWith(path string, f initFlags, field string) (string, error) {
	if field == "" {
		return "", nil
	}
	app, err := s.compileText(path, starter(f))
	if err != nil {
		return "", err
	}
	for _, d := range app.list {
		if d.Path != field {
			continue
		}
		if form, ok := strings.CutPrefix(d.Hint, "write "); ok && strings.Contains(d.Message, form) {
			return d.Message, nil // it says all
		}
		return d.Message + "; " + d.Hint, nil
	}
	return "", nil
}

// line is a line of input, or why there is none.
type line struct {
	text string
	err  error
}

// readLines reads on its own, so that an interrupt does not wait for the next line.
func readLines(r io.Reader) <-chan line {
	lines := make(chan line)
	go func() {
		reader := bufio.NewReader(io.LimitReader(r, 1<<16))
		for {
			text, err := reader.ReadString('\n')
			if err != nil && text != "" {
				err = nil
			}
			lines <- line{text, err}
			if err != nil {
				return
			}
		}
	}()
	return lines
}
