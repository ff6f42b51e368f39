//go:build unix

package robustness

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// What an input may cost, whatever it is.
const (
	mostTime   = 10 * time.Second
	mostMemory = 1_000_000_000
	mostWords  = 64 << 20 // bytes that are said: what a child may answer
)

var toldCode = regexp.MustCompile(`(?m)(?:^|: )error (M\d{4})`)

// TestHostile holds that no input does more than fail, when the program is told that it is not trusted, whether it is to be
// checked, built or published: within ten seconds and a gigabyte, with a code at the file, without a word of what lies
// elsewhere or a character that steers a terminal; nothing is printed, written or committed, and nothing is left behind.
// Where refusing costs nothing, all of this holds without being told, too.
func TestHostile(t *testing.T) {
	long := os.Getenv("MERIDIAN_ROBUSTNESS") != ""
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			if a.slow && !long {
				t.Skip("set MERIDIAN_ROBUSTNESS=1 to try what takes all the time that it has")
			}
			dir := t.TempDir()
			write(t, dir, "secret.txt", "package lib\nx: \""+secretText+"\"\n")
			write(t, dir, "app/.keep", "")
			if a.source != "" {
				write(t, dir, "app/app.cue", a.source)
			}
			if a.place != nil {
				a.place(t, dir)
			}
			before := listing(t, dir)
			for _, args := range a.commands(published(t), long) {
				head := headOf(t)
				o := run(t, dir, args...)
				o.judge(t, a)
				if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
					t.Errorf("%s: files have changed (-before +after):\n%s", o, diff)
				}
				if after := headOf(t); after != head {
					t.Errorf("%s: it has committed", o)
				}
			}
		})
	}
}

// commands are those that an attack is tried on: the rest of them only if there is time, and of those that take all the
// time that they have one of each kind.
func (a attack) commands(repository string, long bool) [][]string {
	list := [][]string{{"vet", "--untrusted", "app"}, {"publish", "--to", repository, "--source-repository", "https://git.mydomain.com/a", "app"}}
	if a.plain {
		list = append(list, []string{"vet", "app"})
	}
	if !long || a.slow && !a.wide {
		return list
	}
	list = append(list, []string{"build", "--untrusted", "-o", "out", "app"}, []string{"test", "--untrusted", "app"})
	if a.plain {
		list = append(list, []string{"build", "-o", "out", "app"}, []string{"build", "app"}, []string{"test", "app"}, []string{"plan", "app"}, []string{"fmt", "--check", "app"})
	}
	return list
}

func (o outcome) String() string { return "meridian " + strings.Join(o.args, " ") }

// judge holds a run to what every hostile input is held to.
func (o outcome) judge(t *testing.T, a attack) {
	t.Helper()
	said := o.stdout + o.stderr
	codes := toldCode.FindAllStringSubmatch(said, -1)
	line, _, _ := strings.Cut(said, "\n")
	t.Logf("%-6s %v, %d MB: %.200q", o.args[0], o.took.Round(time.Millisecond), o.peak/1_000_000, line)
	formatting := o.args[0] == "fmt" // reads syntax only: what it means is none of its business
	switch {
	case !formatting && o.code != 1, formatting && o.code > 1:
		t.Errorf("%s: exit code %d\n%s", o, o.code, cut(said))
	case !formatting && len(codes) == 0:
		t.Errorf("%s: nothing is told\n%s", o, cut(said))
	case !formatting && a.codes != "" && !slices.Contains(strings.Fields(a.codes), codes[0][1]):
		t.Errorf("%s: told as %s, want %s\n%s", o, codes[0][1], a.codes, cut(said))
	}
	if o.took > mostTime && o.took > mostTime+ordinary(t) {
		t.Errorf("%s: it took %v", o, o.took)
	}
	if o.peak > mostMemory {
		t.Errorf("%s: it had %d bytes in memory", o, o.peak)
	}
	if o.stdout != "" && o.args[0] != "test" && !formatting {
		t.Errorf("%s: it printed %s", o, cut(o.stdout))
	}
	if len(said) > mostWords {
		t.Errorf("%s: it said %d bytes", o, len(said))
	}
	if strings.Contains(said, secretText) {
		t.Errorf("%s: it shows what lies elsewhere\n%s", o, cut(said))
	}
	if i := strings.IndexFunc(said, steers); i >= 0 {
		t.Errorf("%s: it says %q", o, said[max(0, i-20):min(len(said), i+20)])
	}
	if strings.Contains(said, "goroutine ") || strings.Contains(said, "panic:") {
		t.Errorf("%s: it panicked\n%s", o, cut(said))
	}
}

// ordinary is what an application that is fine takes: a machine that is busy with other things is given as much more.
func ordinary(t *testing.T) time.Duration {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "app/app.cue", app(""))
	return run(t, dir, "vet", "--untrusted", "app").took
}

// steers reports whether a terminal does something else with a character than show it.
func steers(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

func cut(s string) string { return s[:min(len(s), 2000)] }

// listing is everything below a folder: what it is, how large, and when it was changed. Reading a cache is no change.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		if path == filepath.Join(dir, "cache") {
			return filepath.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		line := info.Mode().String() + " " + path
		if !entry.IsDir() {
			line += info.ModTime().String()
		}
		list = append(list, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var gitops struct {
	once sync.Once
	dir  string
	err  string
}

// published is a bare repository that has the spaces of the demo organisation, made once.
func published(t *testing.T) string {
	t.Helper()
	gitops.once.Do(func() {
		gitops.dir = filepath.Join(shared, "gitops.git")
		if out, err := exec.Command("git", "init", "-q", "--bare", "--initial-branch", "main", gitops.dir).CombinedOutput(); err != nil {
			gitops.err = string(out)
			return
		}
		if o := run(t, shared, "publish", "--to", gitops.dir, "--spaces"); o.code != 0 {
			gitops.err = o.stderr
		}
	})
	if gitops.err != "" {
		t.Fatal(gitops.err)
	}
	return gitops.dir
}

// headOf is all that the repository's branches and tags are at.
func headOf(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "--git-dir", published(t), "for-each-ref").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestPlatformFiles holds that a platform's folder, which is trusted, does not make a run hang or grow either by what is no
// file, or is too long. Links are followed: a folder that is mounted into a container is made of them.
func TestPlatformFiles(t *testing.T) {
	for name, place := range map[string]func(*testing.T, string){
		"pipe":   fifo("platform/z.cue"),
		"device": link("platform/z.cue", "/dev/zero"),
		"long":   long("platform/z.cue", megabytes100),
		"folder": all(folder("files"), link("platform/z.cue", "../files")),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "app/app.cue", app(""))
			place(t, dir)
			o := run(t, dir, "vet", "--platform", "platform", "app")
			if o.code != 2 || !strings.Contains(o.stderr, "platform/z.cue") || o.took > mostTime || o.peak > mostMemory/4 {
				t.Errorf("exit code %d, %v, %d bytes\n%s", o.code, o.took, o.peak, o.stderr)
			}
		})
	}
}
