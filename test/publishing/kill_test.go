package publishing

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	killCount = flag.Int("kill.count", 200, "how often TestKill kills, all kinds together")
	killSeed  = flag.Uint64("kill.seed", 1, "the seed of TestKill")
)

// killApps is how many applications a repository has to which publishers are killed.
const killApps = 4

// TestKill ends publishers with SIGKILL at any point of their work, and servers under them. What they leave is a whole
// repository that has all of a publication or nothing of it, and a whole mirror of it in the publisher's cache; and publishing
// once more succeeds, without anybody tidying up: what a killed publisher has left is in nobody's way. A killed git may
// leave a lock that stops git itself as well, see [killer.servers].
func TestKill(t *testing.T) {
	if os.Getenv("MERIDIAN_KILL") == "" {
		t.Skip("set MERIDIAN_KILL=1 to kill publishers and servers")
	}
	kills := func(percent int) int { return max(1, *killCount*percent/100) }
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 1, true).publishers(kills(30), 1)
	})
	t.Run("https", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 2, false).publishers(kills(30), 1)
	})
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 3, true).creators(kills(10))
	})
	t.Run("beside-local", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 4, true).publishers(kills(10), 2)
	})
	t.Run("beside-https", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 5, false).publishers(kills(10), 2)
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		newKiller(t, 6, false).servers(kills(10))
	})
}

// killer publishes to one repository and kills.
type killer struct {
	*rand.Rand
	t         *testing.T
	server    *Server
	repo      *Repo
	workspace *Workspace
	local     bool
	mirror    string        // a repository that has the objects of the publisher's cache
	versions  [killApps]int // that the repository must have
	usual     time.Duration // what a run takes, as far as is known
}

// mostRounds is how many runs may be started to kill so many: some end before that.
func mostRounds(kills int) int { return 10 + 4*kills }

func newKiller(t *testing.T, stream uint64, local bool) *killer {
	Binary(t) // not on anybody's time
	k := &killer{Rand: rand.New(rand.NewPCG(*killSeed, stream)), t: t, server: NewServer(t), workspace: NewWorkspace(t, killApps), local: local}
	k.repo = k.server.NewRepo("fleet.git", true)
	k.must("--spaces")
	k.must("./...")
	for i := range k.versions {
		k.versions[i] = 1
	}
	for range 3 {
		k.publish(k.next(0))
	}
	return k
}

// command is meridian publish.
func (k *killer) command(ctx context.Context, args ...string) *exec.Cmd {
	if k.local {
		return k.workspace.Local(ctx, k.repo, "publish", args...)
	}
	return k.workspace.Command(ctx, k.server, k.repo, "publish", args...)
}

// must publishes in time, and fails the test if that fails.
func (k *killer) must(args ...string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Minute)
	defer cancel()
	if out, err := k.command(ctx, args...).CombinedOutput(); err != nil {
		k.t.Fatalf("seed %d: publish %s: %v\n%s", *killSeed, strings.Join(args, " "), err, out)
	}
}

// next writes new versions of applications and returns their folders.
func (k *killer) next(apps ...int) []string {
	folders := make([]string, len(apps))
	for i, n := range apps {
		k.versions[n]++
		k.workspace.Write(n, fmt.Sprint(k.versions[n]))
		folders[i] = AppName(n)
	}
	return folders
}

// publish publishes without an accident, and learns how long that takes.
func (k *killer) publish(folders []string) {
	k.t.Helper()
	begun := time.Now()
	k.must(folders...)
	k.usual = time.Since(begun)
}

// kill starts a publication and kills it somewhere on its way. It reports whether it had ended by then.
func (k *killer) kill(args ...string) (ended bool) {
	k.t.Helper()
	delay := time.Duration(k.Float64() * 1.1 * float64(k.usual))
	return k.killAfter(func(context.Context) { time.Sleep(delay) }, args...)
}

// killAfter kills a publication when something has happened; the context is done when it has ended.
func (k *killer) killAfter(happened func(context.Context), args ...string) (ended bool) {
	k.t.Helper()
	cmd := k.command(k.t.Context(), args...)
	cmd.Cancel, cmd.WaitDelay = nil, 0
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	begun := time.Now()
	running, end := context.WithCancel(k.t.Context())
	go func() {
		happened(running)
		_ = cmd.Process.Kill()
	}()
	err := cmd.Wait()
	end()
	var exit *exec.ExitError
	switch status := cmd.ProcessState.Sys().(syscall.WaitStatus); {
	case err == nil:
		k.usual = time.Since(begun)
		return true
	case !errors.As(err, &exit) || !status.Signaled():
		k.t.Fatalf("publish: %v", err)
	}
	return false
}

// some picks applications: one most of the time, or all of them, which is what makes a pack.
func (k *killer) some() []int {
	if k.IntN(3) > 0 {
		return []int{k.IntN(killApps - 1)}
	}
	return []int{0, 1, 2}
}

// publishers kills publishers; with two, another one works meanwhile, on an application of its own.
func (k *killer) publishers(kills, publishers int) {
	killed, landed, round := 0, 0, 0
	for ; killed < kills && round < mostRounds(kills); round++ {
		before := k.versions
		count := len(k.repo.Commits())
		folders := k.next(k.some()...)
		wait := func() {}
		if publishers > 1 {
			wait = k.beside()
		}
		ended := k.kill(folders...)
		wait()
		there := k.check(round, before)
		k.checkCache(round)
		switch {
		case ended && !there:
			k.t.Fatalf("seed %d, round %d: said to be published and is not", *killSeed, round)
		case !ended:
			killed++
			if there {
				landed++
			}
		}
		k.must(folders...)
		if !k.check(round, before) {
			k.t.Fatalf("seed %d, round %d: the repository has not what the rerun published", *killSeed, round)
		}
		if n := len(k.repo.Commits()) - count; n < 1 || n > publishers {
			k.t.Fatalf("seed %d, round %d: %d commits of %d publications", *killSeed, round, n, publishers)
		}
	}
	k.t.Logf("%d runs: %d killed, of which %d landed; a run takes %s", round, killed, landed, k.usual.Round(time.Millisecond))
	if killed < kills {
		k.t.Errorf("only %d of %d runs were killed", killed, round)
	}
	k.tidy()
}

// beside publishes the last application meanwhile. It is not killed and must succeed.
func (k *killer) beside() (wait func()) {
	folder := k.next(killApps - 1)
	done := make(chan error, 1)
	go func() {
		out, err := k.command(k.t.Context(), folder...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		done <- err
	}()
	return func() {
		if err := <-done; err != nil {
			k.t.Fatalf("seed %d: the publisher beside the killed one: %v", *killSeed, err)
		}
	}
}

// check holds the repository to be whole, and to have the new versions of all applications that were published together,
// or the earlier ones of all. It reports whether it has the new ones.
func (k *killer) check(round int, before [killApps]int) bool {
	k.t.Helper()
	k.settle()
	if err := fsck(k.repo.Dir); err != nil {
		k.t.Fatalf("seed %d, round %d: %v", *killSeed, round, err)
	}
	files, err := objects(k.repo.Dir)
	if err != nil {
		k.t.Fatal(err)
	}
	fresh, stale := false, false
	for n, version := range k.versions {
		killed := n != killApps-1
		switch has := versionOf(files, n); {
		case version == before[n] && has == fmt.Sprint(version):
		case has == fmt.Sprint(version):
			fresh = fresh || killed
		case has == fmt.Sprint(before[n]) && killed:
			stale = true
		default:
			k.t.Fatalf("seed %d, round %d: %s has version %q", *killSeed, round, AppName(n), has)
		}
	}
	if fresh && stale {
		k.t.Fatalf("seed %d, round %d: half of what was published in one commit is there", *killSeed, round)
	}
	return !stale
}

// checkCache holds the publisher's mirror to be whole: git finds nothing wrong with its packs, and of the commits that it is
// said to be complete for nothing is missing but contents of files, which the server has.
func (k *killer) checkCache(round int) {
	k.t.Helper()
	if k.local { // it has none
		return
	}
	if err := k.lookIntoCache(); err != nil {
		k.t.Fatalf("seed %d, round %d: the cache: %v", *killSeed, round, err)
	}
}

func (k *killer) lookIntoCache() error {
	states, err := filepath.Glob(filepath.Join(k.workspace.Cache, "*", "state.json"))
	if err != nil || len(states) != 1 {
		return fmt.Errorf("%d mirrors (%v)", len(states), err)
	}
	folder := filepath.Dir(states[0])
	packs, err := filepath.Glob(filepath.Join(folder, "objects", "pack", "*.idx"))
	if err != nil || len(packs) == 0 {
		return fmt.Errorf("%d packs (%v)", len(packs), err)
	}
	if out, err := exec.Command("git", append([]string{"verify-pack"}, packs...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("git verify-pack: %w\n%s", err, out)
	}
	var state struct {
		Partial  bool
		Complete map[string]string
	}
	data, err := os.ReadFile(states[0])
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err != nil || len(state.Complete) != 1 {
		return fmt.Errorf("complete for %d branches (%v)", len(state.Complete), err)
	}
	if k.mirror == "" {
		k.mirror = k.t.TempDir()
		run(k.t, k.mirror, "git", "init", "--quiet", "--bare", k.mirror)
		writeFile(k.t, filepath.Join(k.mirror, "objects", "info", "alternates"), filepath.Join(folder, "objects")+"\n")
	}
	for branch, commit := range state.Complete {
		if err := k.checkComplete(commit, state.Partial); err != nil {
			return fmt.Errorf("said to be complete for %s, %s: %w", branch, commit, err)
		}
	}
	return nil
}

// checkComplete looks for all that a commit has in the publisher's mirror.
func (k *killer) checkComplete(commit string, partial bool) error {
	writeFile(k.t, filepath.Join(k.mirror, "shallow"), commit+"\n") // what came before is not there
	out, err := exec.Command("git", "--git-dir="+k.mirror, "rev-list", "--objects", "--no-object-names", "--missing=print", commit).CombinedOutput()
	if err != nil {
		return fmt.Errorf("git rev-list: %w\n%s", err, out)
	}
	var missing strings.Builder
	for line := range strings.Lines(string(out)) {
		if hash, ok := strings.CutPrefix(line, "?"); ok {
			missing.WriteString(hash)
		}
	}
	cmd := exec.Command("git", "--git-dir="+k.repo.Dir, "cat-file", "--batch-check=%(objecttype)")
	cmd.Stdin = strings.NewReader(missing.String())
	kinds, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("git cat-file: %w\n%s", err, kinds)
	}
	if other := strings.ReplaceAll(string(kinds), "blob\n", ""); other != "" || !partial && missing.Len() > 0 {
		return fmt.Errorf("objects are missing: %s%s", kinds, missing.String())
	}
	return nil
}

// settle waits until the server has ended what it does for a client that is gone: a push may arrive after its publisher's
// death. git http-backend reads for ever when a body ends before its length does; web servers end it after a while, and
// so does this. What it has started ends by itself then.
func (k *killer) settle() {
	k.t.Helper()
	begun, ended := time.Now(), false
	for ; len(k.server.processes()) > 0; time.Sleep(5 * time.Millisecond) {
		switch took := time.Since(begun); {
		case took > time.Minute:
			k.t.Fatal("git still serves a client that is gone")
		case took > 10*time.Second && !ended:
			k.t.Log("git http-backend waits for a client that is gone, and is ended")
			ended = k.server.endBackends()
		}
	}
}

// versionOf is an application's version in all regions, or what is there instead.
func versionOf(files map[string][]byte, n int) string {
	var found []string
	for _, region := range Regions() {
		file := "regions/" + region + "/spaces/myorg-" + AppSpace(n) + "/apps/" + AppName(n) + "/deployment.yaml"
		_, rest, _ := strings.Cut(string(files[file]), "- name: VERSION")
		_, rest, _ = strings.Cut(rest, "value:")
		value, _, _ := strings.Cut(rest, "\n")
		found = append(found, strings.Trim(value, ` "`))
	}
	return strings.Join(slices.Compact(found), " and ")
}

// tidy holds what the killed have left: nothing that is in anybody's way, and nothing that git's own clean-up leaves.
func (k *killer) tidy() {
	k.t.Helper()
	if out, err := k.workspace.Local(k.t.Context(), k.repo, "verify").CombinedOutput(); err != nil {
		k.t.Errorf("verify: %v\n%s", err, out)
	}
	for _, path := range leftovers(k.t, filepath.Dir(k.repo.Dir)) {
		if name := filepath.Base(path); !strings.HasPrefix(name, "tmp_") {
			k.t.Errorf("left behind: %s", path)
		}
	}
	k.repo.Git("gc", "--quiet", "--prune=now")
	if left := leftovers(k.t, k.repo.Dir); len(left) > 0 {
		k.t.Errorf("left after git gc: %s", left)
	}
}

// leftovers are files that were to be temporary.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		temporary := strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".meridian-") || strings.HasSuffix(name, ".keep") || strings.HasSuffix(name, ".lock")
		if temporary || filepath.Base(filepath.Dir(path)) == "locks" {
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// creators kills publishers that make their repository, every other one when something of it is there. What is there then is
// nothing, a repository without a branch, or one that has what was published; a rerun leaves the last.
func (k *killer) creators(kills int) {
	root, published := filepath.Dir(k.repo.Dir), k.repo.files(k.repo.Commits()[0])
	killed, round := 0, 0
	found := map[string]int{}
	for ; killed < kills && round < mostRounds(kills); round++ {
		parent := filepath.Join(root, fmt.Sprintf("new-%d", round))
		k.repo = &Repo{t: k.t, Dir: filepath.Join(parent, "fleet.git")}
		kill := k.kill
		if round%2 == 1 {
			delay := time.Duration(k.Float64() * float64(5*time.Millisecond))
			kill = func(args ...string) bool {
				return k.killAfter(func(ctx context.Context) { appears(ctx, parent); time.Sleep(delay) }, args...)
			}
		}
		ended := kill("--spaces")
		left := k.created(round, published)
		if ended && left != "what was published" {
			k.t.Fatalf("seed %d, round %d: said to be published, and there is %s", *killSeed, round, left)
		}
		if !ended {
			killed++
			found[left]++
		}
		k.must("--spaces")
		if left := k.created(round, published); left != "what was published" {
			k.t.Fatalf("seed %d, round %d: after the rerun there is %s", *killSeed, round, left)
		}
		k.tidy()
	}
	k.t.Logf("%d runs: %d killed, which left %v", round, killed, found)
	if killed < kills {
		k.t.Errorf("only %d of %d runs were killed", killed, round)
	}
	if kills >= 10 && found["no branch"] == 0 {
		k.t.Error("no run was killed between making the repository and its branch")
	}
}

// appears waits until a folder has something in it.
func appears(ctx context.Context, folder string) {
	for ctx.Err() == nil {
		if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// created says how far a repository has got, which has to be whole and to have one commit with some files, if any.
func (k *killer) created(round int, published map[string]string) string {
	k.t.Helper()
	if _, err := os.Stat(k.repo.Dir); errors.Is(err, fs.ErrNotExist) {
		return "nothing"
	}
	empty := k.repo.Git("for-each-ref") == ""
	said := ""
	if empty { // of which git says that the branch is not there yet
		said = "notice: HEAD points to an unborn branch (main)\nnotice: No default references\n"
	}
	out := k.repo.Git("fsck", "--strict", "--no-dangling", "--no-progress")
	if diff := cmp.Diff(said, out); diff != "" {
		k.t.Fatalf("seed %d, round %d: git fsck (-want +got):\n%s", *killSeed, round, diff)
	}
	if empty {
		return "no branch"
	}
	if n := len(k.repo.Commits()); n != 1 {
		k.t.Fatalf("seed %d, round %d: %d commits", *killSeed, round, n)
	}
	if diff := cmp.Diff(published, k.repo.files("main")); diff != "" {
		k.t.Fatalf("seed %d, round %d: the files differ (-want +got):\n%s", *killSeed, round, diff)
	}
	return "what was published"
}

// servers kills git while it serves. A publisher that says that it succeeded has; one that says that it has not may be
// told so by a lock that git itself has left, on the branch or on HEAD, which is the server's to remove: nobody else can know
// that its owner is dead. So this does, and tells how often.
func (k *killer) servers(kills int) {
	killed, failed, locks, round := 0, 0, 0, 0
	for ; killed < kills && round < mostRounds(kills); round++ {
		before := k.versions
		folders := k.next(k.some()...)
		ctx, cancel := context.WithCancel(k.t.Context())
		hit := make(chan bool, 1)
		delay, all := time.Duration(k.Float64()*float64(k.usual)), k.IntN(2) == 0
		go func() { hit <- k.server.kill(ctx, delay, all) }()
		out, err := k.command(k.t.Context(), folders...).CombinedOutput()
		cancel()
		if <-hit {
			killed++
		}
		landed := k.check(round, before)
		k.checkCache(round)
		unsure := strings.Contains(string(out), "it is not known whether")
		switch {
		case err == nil && !landed:
			k.t.Fatalf("seed %d, round %d: said to be published and is not\n%s", *killSeed, round, out)
		case err != nil && landed && !unsure:
			k.t.Fatalf("seed %d, round %d: said to have failed and is published\n%s", *killSeed, round, out)
		case err != nil:
			failed++
			k.t.Logf("round %d: %s", round, out)
		}
		for _, name := range []string{"refs/heads/main.lock", "HEAD.lock"} {
			if os.Remove(filepath.Join(k.repo.Dir, name)) == nil {
				locks++
			}
		}
		k.must(folders...)
		if !k.check(round, before) {
			k.t.Fatalf("seed %d, round %d: the repository has not what the rerun published", *killSeed, round)
		}
	}
	k.t.Logf("%d runs: a server killed in %d, %d failed for it; %d locks of git's removed", round, killed, failed, locks)
	if killed < kills {
		k.t.Errorf("git was killed in %d of %d runs only", killed, round)
	}
}

// kill waits for a while, and then kills the first processes of git that serve: one of them, or all there are. It
// reports whether it has killed any before the context's end.
func (s *Server) kill(ctx context.Context, delay time.Duration, all bool) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(delay):
	}
	for ctx.Err() == nil {
		if serving := s.processes(); len(serving) > 0 {
			killed := false
			for _, pid := range serving {
				killed = syscall.Kill(pid, syscall.SIGKILL) == nil || killed // it may have ended by itself
				if killed && !all {
					break
				}
			}
			if killed {
				return true
			}
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// endBackends kills git http-backend, and nothing that it has started. It reports whether there was any.
func (s *Server) endBackends() bool {
	ended := false
	for _, pid := range s.processes() {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if strings.HasPrefix(string(name), "git-http-back") { // the kernel keeps 15 bytes
			ended = syscall.Kill(pid, syscall.SIGKILL) == nil || ended
		}
	}
	return ended
}

// processes are those of git that serve this server's repositories, the youngest first: they carry its root in their
// environment.
func (s *Server) processes() []int {
	var list []int
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(data), "GIT_PROJECT_ROOT="+s.root+"\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			list = append(list, pid)
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list
}
