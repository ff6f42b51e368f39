package docs

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shell is where pages are replayed: the program, and few others beside it, so that a page needs on every machine
// what it needs here.
type shell struct {
	bash string
	bin  string // the only folder of PATH
}

// programs are what a page may use beside meridian: git, and what POSIX asks of any system.
func programs() []string {
	return []string{"git", "cat", "chmod", "cp", "cut", "diff", "find", "grep", "head", "ls", "mkdir", "mv", "rm", "sed", "sort", "tail", "touch", "tr", "uniq", "wc"}
}

// newShell builds the program. Without version control's stamp: commits name the version.
func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{bin: t.TempDir()}
	var err error
	if s.bash, err = exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	for _, name := range programs() {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed", name)
		}
		if err := os.Symlink(path, filepath.Join(s.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	readSources(t)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(s.bin, "meridian"), "../cmd/meridian")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build meridian: %v\n%s", err, out)
	}
	return s
}

// readSources looks at every file of the module. go test remembers a result until a file that the test itself looked at
// changes: it does not see what the compiler reads.
func readSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	remote = regexp.MustCompile(`\b(https?|ssh|git)://`)
	next   = regexp.MustCompile(`\s*(\|\|?|&&|;)\s+`)
)

// outside reports whether a command needs what the shell does not have: another program, or a network.
func outside(text string) bool {
	have := append(programs(), "meridian", "cd", "echo", "export", "printf")
	missing := func(part string) bool {
		program, _, _ := strings.Cut(part, " ")
		return !slices.Contains(have, program)
	}
	return remote.MatchString(text) || slices.ContainsFunc(next.Split(text, -1), missing)
}

func TestOutside(t *testing.T) {
	for text, want := range map[string]bool{
		"meridian vet shop": false,
		"meridian plan | grep -E 'a|b' && cd x; git init": false,
		"meridian publish --to file:///srv/gitops.git":    false,
		"make test":                                         true,
		"meridian regions --format json | jq .":             true,
		"meridian publish --to https://git.mydomain.com/g":  true,
		"git clone ssh://git@git.mydomain.com/services.git": true,
		"cd services && pre-commit run --all-files":         true,
	} {
		if got := outside(text); got != want {
			t.Errorf("outside(%q) is %v", text, got)
		}
	}
}

// run runs commands one after another in one bash, in a fresh repository, and returns what each came to.
func (s *shell) run(t *testing.T, commands []*command) []outcome {
	t.Helper()
	home, folder := t.TempDir(), t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "examples"), os.DirFS("../examples")); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("git init --quiet && git add . && git commit --quiet --message 'the examples'\n")
	for i, c := range commands {
		script.WriteString(mark(i) + c.text + "\n")
	}
	script.WriteString(mark(len(commands)))
	path := filepath.Join(home, "script")
	if err := os.WriteFile(path, []byte(script.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bash, "--noprofile", "--norc", path)
	cmd.Dir, cmd.Env, cmd.WaitDelay = folder, s.environment(home), time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run() // the status is the last command's
	outcomes := split(out.String())
	if len(outcomes) <= len(commands) {
		ended := max(0, len(outcomes)-1)
		t.Fatalf("line %d: $ %s\ndoes not end, or what follows is taken for a part of it (%v)", commands[ended].line, commands[ended].text, err)
	}
	if setup := outcomes[0]; len(setup.lines) > 0 || !setup.worked() {
		t.Fatalf("the repository cannot be made: %v", setup)
	}
	return outcomes[1:]
}

// environment is the whole of it: fixed names and times make hashes of commits the same everywhere, and what would reach
// for a network fails at once.
func (s *shell) environment(home string) []string {
	const seconds = "1790000000"
	return []string{
		"PATH=" + s.bin, "HOME=" + home, "TERM=dumb", "NO_COLOR=1", "TZ=UTC", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=" + seconds,
		"GIT_AUTHOR_NAME=Li Wei", "GIT_AUTHOR_EMAIL=li.wei@mydomain.com", "GIT_AUTHOR_DATE=" + seconds + " +0000",
		"GIT_COMMITTER_NAME=Li Wei", "GIT_COMMITTER_EMAIL=li.wei@mydomain.com", "GIT_COMMITTER_DATE=" + seconds + " +0000",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=init.defaultBranch", "GIT_CONFIG_VALUE_0=main",
		"GIT_ALLOW_PROTOCOL=file", "HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9",
	}
}

// mark is the line that goes before command i, and ends the output of what is above it: the number, and the statuses of
// that pipeline, between bytes that no output has.
func mark(i int) string { return fmt.Sprintf(`printf '\0 %d %%s\0' "${PIPESTATUS[*]}"`, i) + "\n" }

// split cuts a shell's output at the marks, as far as none is missing.
func split(text string) []outcome {
	var list []outcome
	for parts := strings.Split(text, "\x00"); len(parts) >= 3; parts = parts[2:] {
		o := outcome{lines: []string{}}
		if parts[0] != "" {
			o.lines = strings.Split(strings.TrimSuffix(parts[0], "\n"), "\n")
			for i, line := range o.lines {
				o.lines[i] = strings.TrimRight(line, " \t") // no terminal shows it, and editors take it from pages
			}
		}
		fields := strings.Fields(parts[1])
		if len(fields) < 2 || fields[0] != strconv.Itoa(len(list)) {
			break
		}
		for _, field := range fields[1:] {
			status, err := strconv.Atoi(field)
			if err != nil {
				return list
			}
			o.statuses = append(o.statuses, status)
		}
		list = append(list, o)
	}
	return list
}
