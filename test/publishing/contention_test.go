package publishing

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// `make contention` gives the numbers of the requirement; a plain run of the tests has fewer.
var (
	publishers = flag.Int("publishers", 5, "publishers at once")
	each       = flag.Int("each", 3, "publishes of each")
	strict     = flag.Bool("strict", false, "hold the figures to their targets, and wait as long for a stalling server as it takes")
)

// contest is publishers who publish to one branch at once, each an application of his own, version after version.
type contest struct {
	t       *testing.T
	server  *Server
	repo    *Repo
	base    map[string]string // path → content, before the contest
	runs    []*contender
	shared  bool // one cache for all, as on one machine
	started time.Time
	took    time.Duration
}

// contender is one of them.
type contender struct {
	app       int
	workspace *Workspace
	answers   []answer
}

// answer is what one run of the command came to.
type answer struct {
	version string
	code    int
	said    string
	took    time.Duration
}

// token is the version of an application: of a fixed length, and found nowhere else.
func token(app, version int) string { return fmt.Sprintf("version-%03d-%03d", app, version) }

// newContest publishes the platform and a first version of each application past the server.
func newContest(t *testing.T, s *Server, name string, n int, shared bool) *contest {
	t.Helper()
	c := &contest{t: t, server: s, repo: s.NewRepo(name, true), shared: shared}
	seed := NewWorkspace(t, 0)
	for app := range n {
		seed.Write(app, token(app, 0))
		c.runs = append(c.runs, &contender{app: app, workspace: NewWorkspace(t, 0)})
		if shared {
			c.runs[app].workspace.Cache = c.runs[0].workspace.Cache
		}
	}
	for _, args := range [][]string{{"--spaces"}, {"./..."}} {
		if out, err := seed.Local(t.Context(), c.repo, "publish", args...).CombinedOutput(); err != nil {
			t.Fatalf("publish: %v\n%s", err, out)
		}
	}
	c.base = c.repo.files("main")
	return c
}

// files are the files of a commit.
func (r *Repo) files(commit string) map[string]string {
	r.t.Helper()
	files := map[string]string{}
	archive := tar.NewReader(strings.NewReader(r.Git("archive", "--format=tar", commit)))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			r.t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			r.t.Fatal(err)
		}
		files[h.Name] = string(data)
	}
}

// run lets all publish so many versions.
func (c *contest) run(versions int) {
	c.started = time.Now()
	var all sync.WaitGroup
	for _, run := range c.runs {
		all.Go(func() {
			for version := range versions {
				run.publish(c, version+1)
			}
		})
	}
	all.Wait()
	c.took = time.Since(c.started)
}

func (run *contender) publish(c *contest, version int) {
	run.workspace.Write(run.app, token(run.app, version))
	cmd := run.workspace.Command(c.t.Context(), c.server, c.repo, "publish", AppName(run.app))
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	o := answer{version: token(run.app, version), said: string(out), took: time.Since(begin)}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.code = exit.ExitCode()
	} else if err != nil {
		o.code = -1
		o.said += err.Error()
	}
	run.answers = append(run.answers, o)
}

var (
	committedRE = regexp.MustCompile(`committed ([0-9a-f]{40});`)
	unknownRE   = regexp.MustCompile(`it is not known whether commit [0-9a-f]{40} arrive`)
)

// check holds what the publishers were told to what is in the repository, and each commit to a model: it gives one
// application its new version and changes nothing else.
func (c *contest) check() {
	c.t.Helper()
	landed := c.replay()
	for _, run := range c.runs {
		for _, o := range run.answers {
			commits := landed[o.version]
			told := committedRE.FindStringSubmatch(o.said)
			switch {
			case len(commits) > 1:
				c.t.Errorf("%s is in %d commits", o.version, len(commits))
			case o.code == 0 && len(commits) == 0:
				c.t.Errorf("%s: success was reported, and it is in no commit: %s", o.version, o.said)
			case o.code == 0 && told == nil:
				c.t.Errorf("%s: success without a commit: %s", o.version, o.said)
			case o.code == 0 && !c.holds(told[1], commits[0]):
				c.t.Errorf("%s is in commit %s, not in the one that was reported: %s", o.version, commits[0], o.said)
			case o.code != 0 && o.code != 2:
				c.t.Errorf("%s: exit code %d: %s", o.version, o.code, o.said)
			case o.code != 0 && len(commits) > 0 && !unknownRE.MatchString(o.said):
				c.t.Errorf("%s: failure was reported, and it is in commit %s: %s", o.version, commits[0], o.said)
			}
			if strings.Contains(o.said, Token) {
				c.t.Errorf("the token is repeated: %s", o.said)
			}
		}
	}
	c.repo.Check()
	if out, err := c.runs[0].workspace.Local(c.t.Context(), c.repo, "verify").CombinedOutput(); err != nil {
		c.t.Errorf("verify: %v\n%s", err, out)
	}
}

// holds reports whether a commit is another one or comes after it.
func (c *contest) holds(later, commit string) bool {
	return later == commit || exec.Command("git", "--git-dir="+c.repo.Dir, "merge-base", "--is-ancestor", commit, later).Run() == nil
}

// replay goes through the history and returns the commits that brought each version.
func (c *contest) replay() map[string][]string {
	c.t.Helper()
	landed := map[string][]string{}
	now := map[int]string{}
	for app := range c.runs {
		now[app] = token(app, 0)
	}
	log := c.repo.Git("log", "--reverse", "--raw", "-r", "--no-abbrev", "--format=commit %H", "main")
	for _, entry := range strings.Split(log, "commit ")[3:] { // two of the seed
		lines := strings.Split(strings.TrimSpace(entry), "\n")
		version := c.replayCommit(lines[0], lines[1:], now)
		landed[version] = append(landed[version], lines[0])
	}
	return landed
}

var recordRE = regexp.MustCompile(`^\.meridian/apps/[^/]+/app(\d+)/inputs/app\.cue$`)

// replayCommit compares a commit's changes with what the model says and returns the version that it brings.
func (c *contest) replayCommit(commit string, lines []string, now map[int]string) string {
	c.t.Helper()
	got := map[string]string{} // path → hash
	app := -1
	for _, line := range lines {
		if meta, file, ok := strings.Cut(line, "\t"); ok {
			got[file] = strings.Fields(meta)[3]
			if m := recordRE.FindStringSubmatch(file); m != nil {
				fmt.Sscan(m[1], &app)
			}
		}
	}
	if app < 0 {
		c.t.Errorf("commit %s changes no application: %v", commit, lines)
		return ""
	}
	record := path.Join(".meridian/apps", "myorg-"+AppSpace(app), AppName(app))
	inputs := c.repo.Git("cat-file", "blob", got[record+"/inputs/app.cue"])
	version := regexp.MustCompile(`version-\d{3}-\d{3}`).FindString(inputs)
	for file, content := range c.base {
		if strings.Contains(content, token(app, 0)) {
			want := strings.ReplaceAll(content, token(app, 0), version)
			if got[file] != blobHash(want) {
				c.t.Errorf("commit %s: %s is not as version %s has it", commit, file, version)
			}
			delete(got, file)
		}
	}
	delete(got, record+"/owner.yaml") // it has the inputs' digest; `verify` looks into it
	if len(got) > 0 {
		c.t.Errorf("commit %s changes more than %s: %v", commit, AppName(app), got)
	}
	if version <= now[app] {
		c.t.Errorf("commit %s puts %s after %s", commit, version, now[app])
	}
	now[app] = version
	return version
}

func blobHash(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

// report prints the figures, and holds them to their targets if it is meant to.
func (c *contest) report(slowest time.Duration, rate float64) {
	c.t.Helper()
	var took []time.Duration
	failed := 0
	for _, run := range c.runs {
		for _, o := range run.answers {
			took = append(took, o.took)
			if o.code != 0 {
				failed++
				c.t.Logf("%s: %s", o.version, strings.TrimSpace(o.said))
			}
		}
	}
	slices.Sort(took)
	median, worst := took[len(took)/2], took[len(took)-1]
	c.t.Logf("%d publishers, %d publishes, %d failed: %.2f commits/s, median %.2f s, slowest %.2f s",
		len(c.runs), len(took), failed, c.rate(), median.Seconds(), worst.Seconds())
	if *strict && slowest > 0 && worst > slowest {
		c.t.Errorf("the slowest took %s, not %s", worst, slowest)
	}
	if *strict && c.rate() < rate {
		c.t.Errorf("%.2f commits/s, not %.2f", c.rate(), rate)
	}
}

func (c *contest) rate() float64 {
	n := 0
	for _, run := range c.runs {
		for _, o := range run.answers {
			if o.code == 0 {
				n++
			}
		}
	}
	return float64(n) / c.took.Seconds()
}

// TestContention has publishers contend for one branch over https: on machines of their own, and on one machine, where
// they combine.
func TestContention(t *testing.T) {
	s := NewServer(t)
	lone := newContest(t, s, "lone.git", 1, false)
	lone.run(max(3, *each))
	lone.check()
	lone.report(0, 0)
	for _, shared := range []bool{true, false} {
		name := map[bool]string{true: "one machine", false: "machines of their own"}[shared]
		t.Run(name, func(t *testing.T) {
			c := newContest(t, s, strings.ReplaceAll(name, " ", "-")+".git", *publishers, shared)
			c.run(*each)
			c.check()
			late := 0 // by two minutes, which a slow machine may need
			for _, run := range c.runs {
				for _, o := range run.answers {
					switch {
					case o.code == 0:
					case !*strict && strings.Contains(o.said, context.DeadlineExceeded.Error()):
						late++
					default:
						t.Errorf("%s: exit code %d: %s", o.version, o.code, o.said)
					}
				}
			}
			if all := len(c.runs) * *each; late > all/4 {
				t.Errorf("%d of %d ran out of time", late, all)
			}
			rate := 2.0
			if shared {
				rate = lone.rate() / 2
			}
			c.report(time.Minute, rate)
		})
	}
}

// TestContendedClaim has all publishers want one port at once: one gets it, the others are told who has it.
func TestContendedClaim(t *testing.T) {
	s := NewServer(t)
	for _, shared := range []bool{true, false} {
		t.Run(fmt.Sprintf("shared %t", shared), func(t *testing.T) {
			c := newContest(t, s, fmt.Sprintf("claim-%t.git", shared), *publishers, shared)
			var all sync.WaitGroup
			said := make([]string, len(c.runs))
			for i, run := range c.runs {
				all.Go(func() {
					w := run.workspace
					w.Write(run.app, token(run.app, 1))
					w.claim(run.app, 8000)
					out, _ := w.Command(t.Context(), s, c.repo, "publish", AppName(run.app), "--remove-from", strings.Join(Regions(), ",")).CombinedOutput()
					said[i] = string(out)
				})
			}
			all.Wait()
			won, lost := 0, 0
			for _, text := range said {
				switch {
				case committedRE.MatchString(text):
					won++
				case strings.Contains(text, "error M8008: tcp port 8000 is held by application"):
					lost++
				default:
					t.Errorf("%s", text)
				}
			}
			if won != 1 || lost != len(c.runs)-1 {
				t.Errorf("%d got the port and %d were refused", won, lost)
			}
			if out, err := c.runs[0].workspace.Local(t.Context(), c.repo, "verify").CombinedOutput(); err != nil {
				t.Errorf("verify: %v\n%s", err, out)
			}
			c.repo.Check()
		})
	}
}

// claim changes an application's port.
func (w *Workspace) claim(n int, port int) {
	w.t.Helper()
	file := path.Join(w.Dir, AppName(n), "app.cue")
	text := readFile(w.t, file)
	changed := strings.Replace(text, fmt.Sprintf("port: %d,", 9000+n), fmt.Sprintf("port: %d,", port), 1)
	if bytes.Equal([]byte(text), []byte(changed)) {
		w.t.Fatalf("%s has no port to change", file)
	}
	writeFile(w.t, file, changed)
}
