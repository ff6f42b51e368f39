package main

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
)

// goldenDir is the folder beside app.cue that holds its golden files.
const goldenDir = "golden"

// testFlags are the flags of the test command.
type testFlags struct {
	update, partial, changed bool
	run, format              string
	untrusted                untrustedFlags
}

func (c *cli) testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test " + appsUsage,
		Short: "Compare what is compiled with golden files and expectations",
		Long: `Compile applications and compare the manifests of every region with the folder
golden beside app.cue, file by file: one that is missing or too many fails as
well. With --update the folder is rewritten; read the difference before you
commit it.

Files NAME.expect.cue beside app.cue say in CUE what must hold, without holding
every byte: that an object contains something or is not there, that a change
would be refused, that a region is not used. Where there is one, golden files
may be left out. See docs/expect.md.

Every application is compiled twice, and both results must be the same to the
byte.` + appsHelp + changedHelp + untrustedHelp,
		Example: `  meridian test ./...
  meridian test --update services/app1
  meridian test --run 'pods$' services/app1
  meridian test --format junit ./... > report.xml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.changed {
				if args = owners(args); len(args) == 0 {
					return nil
				}
			}
			return c.test(cmd, args, f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.update, "update", "u", false, "rewrite the golden files")
	flags.StringVar(&f.run, "run", "", "run the tests whose names match `REGEXP`; names are those of expectations and \"golden REGION\"")
	flags.StringVar(&f.format, "format", "text", "`FORMAT` of standard output: text, tap (version 14) or junit (XML)")
	partialFlag(cmd, &f.partial)
	changedFlag(cmd, &f.changed)
	f.untrusted.register(cmd, false)
	return cmd
}

// reporter writes what tests came to. It is given the suites one by one, and told when there are no more.
type reporter interface {
	suite(*suite) error
	end() error
}

func (c *cli) reporter(format string) (reporter, error) {
	switch format {
	case "text":
		return &textReporter{out: c.Stdout, style: c.style(c.Stdout)}, nil
	case "tap":
		return &tapReporter{out: c.Stdout}, nil
	case "junit":
		return &junitReporter{out: c.Stdout}, nil
	}
	return nil, usageError{fmt.Errorf("there is no format %q; formats are text, tap and junit", format)}
}

func (c *cli) test(cmd *cobra.Command, args []string, f testFlags) error {
	t := &tester{update: f.update}
	if f.run != "" && f.update {
		return usageError{fmt.Errorf("--update rewrites all golden files; it does not go with --run")}
	}
	var err error
	if t.run, err = regexp.Compile(f.run); err != nil {
		return usageError{fmt.Errorf("--run: %w", err)}
	}
	r, err := c.reporter(f.format)
	if err != nil {
		return err
	}
	if t.session, err = c.newSession(); err != nil {
		return err
	}
	if err := c.confine(cmd.Context(), t.session, f.untrusted); err != nil {
		return err
	}
	t.again = t.session.compile
	t.session.then = t.test
	return c.runTests(cmd, t, r, args, f)
}

// runTests tests the applications that args name, and reports what is wrong with them and between them.
func (c *cli) runTests(cmd *cobra.Command, t *tester, r reporter, args []string, f testFlags) error {
	paths, list, err := find(args)
	if err != nil {
		return err
	}
	b := newBatch()
	m := c.newMeter("testing")
	defer m.stop()
	done, tests := 0, 0
	err = t.session.each(cmd.Context(), paths, func(app *compiled) error {
		done++
		m.say("tested %d of %d applications", done, len(paths))
		b.add(app)
		b.list = append(b.list, app.suite.problems()...)
		for name, data := range app.suite.sources {
			b.sources[name] = data
		}
		if len(app.suite.cases) == 0 {
			return nil
		}
		tests += len(app.suite.cases)
		return r.suite(app.suite)
	})
	if err != nil {
		return err
	}
	together := compiler.Together(b.interfaces, !f.partial && wholeSpaces(args))
	list = append(list, diag.Silence(together, b.allows)...)
	if diag.HasErrors(list) {
		if err := r.suite(&suite{name: "all applications", together: true, cases: []testCase{{name: "together", kind: togetherCase, problems: list}}}); err != nil {
			return err
		}
	}
	if f.run != "" && tests == 0 && len(list) == 0 {
		return usageError{fmt.Errorf("--run: no test has a name like %q", f.run)}
	}
	reported := c.report(diag.Sort(slices.Concat(b.list, list)), b.sources)
	if reported != nil && reported != errReported {
		return reported
	}
	if err := r.end(); err != nil {
		return err
	}
	return reported
}
