package publishing

import (
	"archive/tar"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
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
		if h.Typeflag != tar.TypeReg {
			continue // a folder
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
	renew := strings.NewReplacer(token(app, 0), version, c.inputs(record, token(app, 0), token(app, 0)), c.inputs(record, token(app, 0), version))
	for file, content := range c.base {
		want := renew.Replace(content)
		if want == content {
			continue
		}
		if got[file] != blobHash(want) {
			c.t.Errorf("commit %s: %s is not as version %s has it:\n%s", commit, file, version, c.repo.Git("show", commit+":"+file))
		}
		delete(got, file)
	}
	if len(got) > 0 {
		c.t.Errorf("commit %s changes more than %s: %v", commit, AppName(app), got)
	}
	if version <= now[app] {
		c.t.Errorf("commit %s puts %s after %s", commit, version, now[app])
	}
	now[app] = version
	return version
}

// inputs is the digest of an application's recorded inputs in another version, as owner.yaml has it: of each file, in the
// order of their names, its name, its length and what it has.
func (c *contest) inputs(record, from, to string) string {
	h := sha256.New()
	for _, file := range slices.Sorted(maps.Keys(c.base)) {
		if name, ok := strings.CutPrefix(file, record+"/inputs/"); ok {
			content := strings.ReplaceAll(c.base[file], from, to)
			fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(content), content)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func blobHash(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

// times are how long each run took, the quickest first, and how many failed.
func (c *contest) times() (took []time.Duration, failed int) {
	for _, run := range c.runs {
		for _, o := range run.answers {
			took = append(took, o.took)
			if o.code != 0 {
				failed++
			}
		}
	}
	slices.Sort(took)
	return took, failed
}

// report prints the figures.
func (c *contest) report() {
	c.t.Helper()
	for _, run := range c.runs {
		for _, o := range run.answers {
			if o.code != 0 {
				c.t.Logf("%s: %s", o.version, strings.TrimSpace(o.said))
			}
		}
	}
	took, failed := c.times()
	c.t.Logf("%d publishers, %d publishes, %d failed: %.2f commits/s, median %.2f s, slowest %.2f s",
		len(c.runs), len(took), failed, c.rate(), took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
}

// hold holds the figures to limits; the slowest and the one in the middle may take any time if theirs is 0.
func (c *contest) hold(rate float64, median, slowest time.Duration) {
	c.t.Helper()
	took, _ := c.times()
	if c.rate() < rate {
		c.t.Errorf("%.2f commits/s, not %.2f", c.rate(), rate)
	}
	if middle := took[len(took)/2]; median > 0 && middle > median {
		c.t.Errorf("the median is %s, not %s", middle, median)
	}
	if worst := took[len(took)-1]; slowest > 0 && worst > slowest {
		c.t.Errorf("the slowest took %s, not %s", worst, slowest)
	}
}

func (c *contest) rate() float64 {
	took, failed := c.times()
	return float64(len(took)-failed) / c.took.Seconds()
}

// lone is the rate of a publisher who is alone.
func lone(t *testing.T, s *Server, name string) float64 {
	t.Helper()
	c := newContest(t, s, name, 1, false)
	c.run(max(3, *each))
	c.check()
	c.report()
	return c.rate()
}

// TestContention has publishers contend for one branch over https: on machines of their own, and on one machine, where
// they combine. However busy this machine is, they make a part of what one makes alone on it, and in the median nobody
// waits longer than until all have had their turn at that rate.
func TestContention(t *testing.T) {
	s := NewServer(t)
	alone := lone(t, s, "lone.git")
	for _, shared := range []bool{true, false} {
		name := map[bool]string{true: "one machine", false: "machines of their own"}[shared]
		t.Run(name, func(t *testing.T) {
			file := strings.ReplaceAll(name, " ", "-")
			c := newContest(t, s, file+".git", *publishers, shared)
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
			c.report()
			target, part := 2.0, 0.06
			if shared {
				target, part = alone/2, 0.2
			}
			if *strict {
				c.hold(target, 0, time.Minute)
			}
			floor := part * min(alone, lone(t, s, file+"-after.git")) // the machine may have got slower meanwhile
			c.hold(floor, time.Duration(float64(len(c.runs))/floor*float64(time.Second)), 0)
		})
	}
}

// contendedClaims are what publishers may want at once, and what those are told who do not get it.
var contendedClaims = []struct {
	name   string
	change func(n int) (from, to string) // in the nth application
	lost   string                        // a regular expression
}{
	{"a port", func(n int) (from, to string) {
		return fmt.Sprintf("port: %d,", 9000+n), "port: 8000,"
	}, `error M8008: tcp port 8000 is held by application`},
	{"a host", func(n int) (from, to string) {
		return AppName(n) + ".mydomain.com", "shop.mydomain.com"
	}, `error (M8006: host shop\.mydomain\.com belongs to myorg-(web|data) in all regions: |M8007: / \(Prefix\) of host shop\.mydomain\.com is held by )application`},
	{"a wildcard host, and one under it for the other space", func(n int) (from, to string) {
		return AppName(n) + ".mydomain.com", map[string]string{"web": "*.shop.mydomain.com", "data": "a.shop.mydomain.com"}[AppSpace(n)]
	}, `error (M8058: host \S+ and host \S+ of myorg-(web|data) would answer for the same names: |M8007: / \(Prefix\) of host \S+ is held by )application`},
}

// TestContendedClaim has all publishers want one thing at once: one gets it, the others are told who has it.
func TestContendedClaim(t *testing.T) {
	s := NewServer(t)
	for _, shared := range []bool{true, false} {
		t.Run(fmt.Sprintf("shared %t", shared), func(t *testing.T) {
			c := newContest(t, s, fmt.Sprintf("claim-%t.git", shared), *publishers, shared)
			for i, claim := range contendedClaims {
				t.Run(claim.name, func(t *testing.T) {
					said := make([]string, len(c.runs))
					var all sync.WaitGroup
					for n, run := range c.runs {
						all.Go(func() {
							w := run.workspace
							w.Write(n, token(n, i+1))
							w.change(n, claim.change)
							// Whoever got what was wanted before gives it up.
							out, _ := w.Command(t.Context(), s, c.repo, "publish", AppName(n), "--remove-from", strings.Join(Regions(), ",")).CombinedOutput()
							said[n] = string(out)
						})
					}
					all.Wait()
					won, lost := 0, 0
					for _, text := range said {
						switch {
						case committedRE.MatchString(text):
							won++
						case regexp.MustCompile(claim.lost).MatchString(text):
							lost++
						default:
							t.Errorf("%s", text)
						}
					}
					if won != 1 || lost != len(c.runs)-1 {
						t.Errorf("%d got it and %d were refused", won, lost)
					}
				})
			}
			if out, err := c.runs[0].workspace.Local(t.Context(), c.repo, "verify").CombinedOutput(); err != nil {
				t.Errorf("verify: %v\n%s", err, out)
			}
			c.repo.Check()
		})
	}
}

// change replaces a text in an application.
func (w *Workspace) change(n int, change func(n int) (from, to string)) {
	w.t.Helper()
	file := path.Join(w.Dir, AppName(n), "app.cue")
	from, to := change(n)
	text := readFile(w.t, file)
	if strings.Count(text, from) != 1 {
		w.t.Fatalf("%s has not one %q to change", file, from)
	}
	writeFile(w.t, file, strings.Replace(text, from, to, 1))
}
