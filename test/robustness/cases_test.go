//go:build unix

package robustness

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// attack is something hostile in an application's folder.
type attack struct {
	name   string
	source string                         // app.cue; empty: place makes it
	place  func(t *testing.T, dir string) // what else lies there
	codes  string                         // one of them must be told; empty: any
	plain  bool                           // it is refused without --untrusted as well: it costs nothing
	slow   bool                           // it takes the time that an evaluation has
	wide   bool                           // slow, and the one of its kind of cost that build and test meet as well
}

// app is an application that is fine, with more behind it.
func app(more string) string {
	return imports("list", "strings") + "_use: [list.Range, strings.Repeat]\n" + body + more + "\n"
}

// imports begins a file.
func imports(packages ...string) string {
	return "package app\n\nimport (\n\t\"" + strings.Join(packages, "\"\n\t\"") + "\"\n)\n"
}

const body = `
name:  "app1"
space: "web"
owner: "team@mydomain.com"
image: {name: "app1", tag: "1.0"}
resources: {
	requests: {cpu: "100m", memory: "128Mi"}
	limits: memory: "128Mi"
}
`

// repeated is a text for each number from 1 to n; %d stands for the number, %p for the one before.
func repeated(n int, text string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		b.WriteString(strings.NewReplacer("%d", strconv.Itoa(i), "%p", strconv.Itoa(i-1)).Replace(text))
	}
	return b.String()
}

func env(expression string) string { return "env: X: value: \"\\(" + expression + ")\"" }

const megabytes100 = 100 << 20

// write writes a file and the folders above it.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func file(name, text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { write(t, dir, name, text) }
}

// long is a file with a hole of a size: it costs no disk, and whoever reads it gets zeros.
func long(name string, size int64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		write(t, dir, name, "")
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
}

func link(name, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// fifo is a pipe that nobody writes to: who opens it waits for ever.
func fifo(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func folder(name string) func(*testing.T, string) { return file(name+"/file", "") }

func all(parts ...func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, part := range parts {
			part(t, dir)
		}
	}
}

// secretText is in a file beside the application's folder: nothing may show it.
const secretText = "hunter2-hunter2"

// attacks are all of them.
func attacks() []attack {
	return append(append(append(explosions(), notFiles()...), modules()...), texts()...)
}

// explosions are short sources that give something large, or nothing in any time.
func explosions() []attack {
	doubling := repeated(60, "_s%d: \"\\(_s%p)\\(_s%p)\"\n")
	const (
		syntax     = "M1002" // the parser has a limit of its own
		computed   = "M1009" // so does what computes
		evaluation = "M8060 M8061"
	)
	return []attack{
		{name: "nested lists", source: app("_x: " + strings.Repeat("[", 500000) + strings.Repeat("]", 500000)), codes: syntax},
		{name: "open brackets", source: strings.Repeat("[", 1000000), codes: syntax},
		{name: "nested structs", source: app("_x: " + strings.Repeat("{a:", 200000) + "1" + strings.Repeat("}", 200000)), codes: syntax},
		{name: "nested fields", source: app("env: " + strings.Repeat("a:", 400000) + "1"), slow: true, wide: true},
		{name: "nested interpolations", source: app("_x: " + strings.Repeat("\"\\(", 100000) + "1" + strings.Repeat(")\"", 100000)), codes: syntax},
		{name: "operators", source: app("_x: " + strings.Repeat("!", 900000) + "true"), codes: syntax},
		{name: "sum", source: app("_x: 1" + strings.Repeat("+1", 400000) + "\n" + env("_x")), slow: true},
		{name: "disjunctions", source: app(repeated(24, "_d%d: {a%d: *1 | 2}\n") + "_x: " + strings.TrimSuffix(repeated(24, "_d%d & "), " & ") + "\n_y: (*1 | 2) & (1 | *2)" + repeated(40, " & (*%d | %p | _)") + "\n" + env("_y")), codes: computed, slow: true},
		{name: "huge list", source: app("args: [" + strings.Repeat("\"\",", 300000) + "]"), slow: true},
		{name: "huge list of a function", source: app("args: list.Repeat([\"x\"], 100000000)"), slow: true},
		{name: "list.Repeat", source: app("args: list.Repeat(list.Repeat([\"x\"], 1000000), 1000000)"), codes: evaluation, slow: true},
		{name: "list.Range", source: app("_l: list.Range(0, 1000000000, 1)\n" + env("len(_l)")), codes: evaluation, slow: true},
		{name: "strings.Repeat", source: app("env: X: value: strings.Repeat(\"x\", 8000000000)"), codes: computed, slow: true},
		{name: "strings.Repeat of strings.Repeat", source: app("env: X: value: strings.Repeat(strings.Repeat(\"x\", 1000000), 1000000)"), codes: evaluation, slow: true, wide: true},
		{name: "strings.Repeat beyond a machine's numbers", source: app("env: X: value: strings.Repeat(\"x\", 9000000000000000000)"), codes: computed},
		{name: "doubling", source: app("_s0: \"xxxxxxxxxxxxxxxx\"\n" + doubling + "env: X: value: _s60"), codes: evaluation, slow: true},
		{name: "references", source: app("_a0: {x: 1}\n" + repeated(40, "_a%d: {a: _a%p, b: _a%p, c: _a%p}\n") + env("len([for v in _a40 {v}])") + "\nenv: Y: value: \"\\(_a40)\""), codes: computed, slow: true},
		{name: "references without end", source: app("#A: {a: #A}\nenv: X: value: #A"), codes: "M1010"},
		{name: "cycle", source: app("_a: _b + 1\n_b: _a + 1\n" + env("_a")), codes: computed},
		{name: "comprehension", source: app("_r: list.Range(0, 1000, 1)\n" + env("len([for a in _r for b in _r for c in _r for d in _r {a}])")), codes: evaluation, slow: true, wide: true},
		{name: "comprehension of fields", source: app("for i in list.Range(0, 10000000, 1) {env: \"A\\(i)\": value: \"x\"}"), codes: evaluation, slow: true},
		{name: "power", source: imports("math") + body + env("math.Pow(10, 1000000000)"), codes: computed, slow: true},
		{name: "shift", source: imports("math/bits") + body + env("bits.Lsh(1, 100000000000)"), codes: evaluation, slow: true},
		{name: "squares", source: app("_n0: 123456789\n" + repeated(60, "_n%d: _n%p * _n%p\n") + env("_n60")), codes: computed, slow: true},
		{name: "exponent", source: app("replicas: 1e999999999"), codes: "M2003", slow: true},
		{name: "digits", source: app("replicas: " + strings.Repeat("9", 1000000)), codes: "M2003 M2004 M8060", slow: true},
		{name: "multiplier", source: app("replicas: 9999999999999Pi"), codes: "M2004"},
		{name: "regular expression", source: app(env("(\"a\" =~ \"((((((a{1,100}){1,100}){1,100}){1,100}){1,100})\")")), codes: computed},
		{name: "template", source: imports("text/template") + body + "env: X: value: template.Execute(\"{{define \\\"a\\\"}}{{template \\\"a\\\"}}{{template \\\"a\\\"}}{{end}}{{template \\\"a\\\"}}\", {})", slow: true},
		{name: "template that prints", source: imports("text/template", "list") + body + "env: X: value: template.Execute(\"{{range .a}}{{range $.a}}{{range $.a}}{{range $.a}}xxxxxxxxxxxxxxxx{{end}}{{end}}{{end}}{{end}}\", {a: list.Range(0, 1000, 1)})", codes: evaluation, slow: true},
		{name: "JSON within", source: imports("encoding/json", "strings") + body + "_j: json.Unmarshal(strings.Repeat(\"[\", 1000000))\n" + env("_j"), codes: computed},
		{name: "YAML within", source: imports("encoding/yaml") + body + "_y: yaml.Unmarshal(\"\"\"\n\ta0: &a0 [x]\n" + repeated(30, "\ta%d: &a%d [*a%p, *a%p, *a%p, *a%p]\n") + "\t\"\"\")\n" + env("len(_y.a30)"), codes: computed, slow: true},
		{name: "patch of aliases", source: app("patches: [{target: kind: \"Deployment\", patch: \"\"\"\n\tapiVersion: apps/v1\n\tkind: Deployment\n\tmetadata: {name: app1}\n\ta0: &a0 [x]\n" + repeated(30, "\ta%d: &a%d [*a%p, *a%p, *a%p, *a%p]\n") + "\t\"\"\"}]"), codes: "M5001", slow: true, wide: true},
		{name: "nested patch", source: app("patches: [{target: kind: \"Deployment\", patch: \"a: " + strings.Repeat("[", 200000) + strings.Repeat("]", 200000) + "\"}]"), codes: "M5001", slow: true},
		{name: "patch with a far index", source: app("patches: [{target: kind: \"Deployment\", patch: [{op: \"add\", path: \"/spec/template/spec/containers/0/args/999999999999\", value: \"x\"}]}]\nargs: [\"a\"]"), codes: "M5002"},
		{name: "many mistakes in one line", source: app(repeated(5000, "x%d: 1, ")), codes: "M2001 M8060", slow: true},
		{name: "many mistakes", source: app(repeated(5000, "x%d: 1\n")), codes: "M2001 M8060", slow: true, wide: true},
		{name: "many ports", source: app("ports: {for i in list.Range(1, 60000, 1) {\"p\\(i)\": i}}"), slow: true},
		{name: "many exposures", source: app("ports: web: 8080\nhttp: {for i in list.Range(1, 20000, 1) {\"p\\(i)\": {host: \"h\\(i).nowhere.org\", port: \"web\"}}}"), slow: true},
		{name: "platform's sum", source: app("regions: {for i in list.Range(0, 100000, 1) {\"r\\(i)\": replicas: 1}}"), slow: true},
	}
}

// notFiles are files that are none, or not of the application's.
func notFiles() []attack {
	fine := app("")
	configFile := func(path string) string { return app("files: \"/etc/app/a\": file: " + strconv.Quote(path)) }
	return []attack{
		{name: "100 MB of source", place: long("app/app.cue", megabytes100), codes: "M1001", plain: true},
		{name: "a gigabyte of source", place: long("app/app.cue", 1<<30), codes: "M1001", plain: true},
		{name: "a pipe", place: fifo("app/app.cue"), codes: "M1001", plain: true},
		{name: "a folder", place: folder("app/app.cue"), codes: "M1001", plain: true},
		{name: "a link to a device", place: link("app/app.cue", "/dev/zero"), codes: "M1001", plain: true},
		{name: "a link to a secret", place: link("app/app.cue", "../secret.txt"), codes: "M1001", plain: true},
		{name: "a link to itself", place: link("app/app.cue", "app.cue"), codes: "M1001", plain: true},
		{name: "config of above", source: configFile("../secret.txt"), codes: "M2004", plain: true},
		{name: "config of above, hidden", source: configFile("a/../../secret.txt"), codes: "M2004", plain: true},
		{name: "config of the root", source: configFile("/etc/passwd"), codes: "M2004", plain: true},
		{name: "config through a link", source: configFile("a.txt"), place: link("app/a.txt", "../secret.txt"), codes: "M1014", plain: true},
		{name: "config through a folder's link", source: configFile("up/secret.txt"), place: link("app/up", ".."), codes: "M1014", plain: true},
		{name: "config from a device", source: configFile("a.txt"), place: link("app/a.txt", "/dev/zero"), codes: "M1014", plain: true},
		{name: "config from a pipe", source: configFile("a.txt"), place: fifo("app/a.txt"), codes: "M1014", plain: true},
		{name: "config from a linked pipe", source: configFile("a.txt"), place: all(fifo("app/b.txt"), link("app/a.txt", "b.txt")), codes: "M1014", plain: true},
		{name: "config from a folder", source: configFile("a.txt"), place: folder("app/a.txt"), codes: "M1014", plain: true},
		{name: "config of 100 MB", source: configFile("a.txt"), place: long("app/a.txt", megabytes100), codes: "M1014", plain: true},
		{name: "config with a zero in its name", source: configFile("a\x00b"), codes: "M1002", plain: true},
		{name: "config with a backslash", source: configFile("..\\secret.txt"), codes: "M2004", plain: true},
		{name: "config that is the application", source: configFile("app.cue"), codes: "M1014", plain: true},
		{name: "config where the record has the module", source: configFile(".cue-module/a"), place: file("app/.cue-module/a", "x"), codes: "M1014", plain: true},
		{name: "config of git's", source: configFile(".git/config"), place: file("app/.git/config", "x"), codes: "M1014", plain: true},
		{name: "config of git's on Windows", source: configFile("GIT~1"), place: file("app/GIT~1", "x"), codes: "M1014", plain: true},
		{name: "config many times", source: app("files: {for i in list.Range(0, 20000, 1) {\"/etc/app/f\\(i)\": file: \"a.txt\"}}"), place: long("app/a.txt", 1<<20), codes: "M4029 M8060 M8061", slow: true},
		{name: "many configs", source: app("files: {for i in list.Range(0, 2000, 1) {\"/etc/app/f\\(i)\": file: \"f\\(i).txt\"}}"), place: many("app/f", ".txt", 2000, 1<<20), codes: "M1014 M4029 M8060", slow: true, wide: true},
		{name: "a patch of above", source: app("patches: [{target: kind: \"Deployment\", path: \"../secret.txt\"}]"), codes: "M2004", plain: true},
		{name: "a patch from a pipe", source: app("patches: [{target: kind: \"Deployment\", path: \"p.yaml\"}]"), place: fifo("app/p.yaml"), codes: "M1014", plain: true},
		{name: "expectations from a pipe", source: fine + "x: 1", place: fifo("app/a.expect.cue"), codes: "M2001", plain: true},
	}
}

// many makes files of a size.
func many(prefix, suffix string, n int, size int64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for i := range n {
			long(prefix+strconv.Itoa(i)+suffix, size)(t, dir)
		}
	}
}

// modules are imports that lead elsewhere, and modules that are none.
func modules() []attack {
	importing := func(path string) string { return imports(path+":lib") + body + env("lib.x") }
	module := func(parts ...func(*testing.T, string)) func(*testing.T, string) {
		return all(append(parts, file("app/cue.mod/module.cue", "module: \"mydomain.com/m\"\nlanguage: version: \"v0.9.0\"\n"))...)
	}
	return []attack{
		{name: "import of nowhere", source: importing("evil.example.com/lib"), codes: "M1003", plain: true},
		{name: "import of above", source: importing("../lib"), place: file("lib/lib.cue", "package lib\nx: \""+secretText+"\"\n"), codes: "M1003", plain: true},
		{name: "import of here", source: importing("./lib"), place: file("app/lib/lib.cue", "package lib\nx: \"1\"\n"), codes: "M1003", plain: true},
		{name: "import of the root", source: importing("/etc"), codes: "M1009", plain: true},
		{name: "import of an address", source: importing("https://evil.example.com/lib"), codes: "M1002", plain: true},
		{name: "import of a tool", source: imports("tool/exec") + body + "r: exec.Run & {cmd: \"id\"}\n", codes: "M1003", plain: true},
		{name: "import of a tool for files", source: imports("tool/file") + body + "r: file.Read & {filename: \"/etc/passwd\"}\n", codes: "M1003", plain: true},
		{name: "import outside of the module", source: importing("mydomain.com/m/../../lib"), place: module(file("lib/lib.cue", "package lib\nx: \""+secretText+"\"\n")), codes: "M1003", plain: true},
		{name: "import through a link", source: importing("mydomain.com/m/lib"), place: module(file("lib/lib.cue", "package lib\nx: \""+secretText+"\"\n"), link("app/lib", "../lib")), codes: "M1003", plain: true},
		{name: "import of a linked file", source: importing("mydomain.com/m/lib"), place: module(folder("app/lib"), link("app/lib/lib.cue", "../../secret.txt")), codes: "M1003", plain: true},
		{name: "import of a pipe", source: importing("mydomain.com/m/lib"), place: module(fifo("app/lib/lib.cue")), codes: "M1003", plain: true},
		{name: "import of a device", source: importing("mydomain.com/m/lib"), place: module(folder("app/lib"), link("app/lib/lib.cue", "/dev/zero")), codes: "M1003", plain: true},
		{name: "import of 100 MB", source: importing("mydomain.com/m/lib"), place: module(long("app/lib/lib.cue", megabytes100)), codes: "M1003", plain: true},
		{name: "import of many files", source: importing("mydomain.com/m/lib"), place: module(many("app/lib/f", ".cue", 2000, 1<<20)), codes: "M1003", plain: true},
		{name: "import of itself", source: importing("mydomain.com/m/lib"), place: module(file("app/lib/lib.cue", "package lib\nimport \"mydomain.com/m/lib\"\nx: lib.x\n")), codes: "M1009", plain: true},
		{name: "vendored import", source: importing("evil.example.com/lib"), place: module(file("app/cue.mod/pkg/evil.example.com/lib/lib.cue", "package lib\nx: \"1\"\n")), codes: "M1003", plain: true},
		{name: "a module that is a pipe", source: importing("mydomain.com/m/lib"), place: fifo("app/cue.mod/module.cue"), codes: "M1001", plain: true},
		{name: "a module that is a device", source: importing("mydomain.com/m/lib"), place: link("app/cue.mod/module.cue", "/dev/zero"), codes: "M1001", plain: true},
		{name: "a module of 100 MB", source: importing("mydomain.com/m/lib"), place: long("app/cue.mod/module.cue", megabytes100), codes: "M1001", plain: true},
		{name: "a module that is a folder", source: importing("mydomain.com/m/lib"), place: folder("app/cue.mod/module.cue"), codes: "M1001", plain: true},
		{name: "a module that explodes", source: importing("mydomain.com/m/lib"), place: file("app/cue.mod/module.cue", "module: \"m.com/\\(_s60)\"\n_s0: \"xxxxxxxxxxxxxxxx\"\n"+repeated(60, "_s%d: \"\\(_s%p)\\(_s%p)\"\n")), codes: "M8060 M8061", slow: true},
		{name: "@embed", source: "@extern(embed)\n\n" + app("env: X: value: _ @embed(file=\"../secret.txt\", type=text)"), codes: "M1004", plain: true},
		{name: "@embed of all", source: "@extern(embed)\n\n" + app("_x: _ @embed(glob=\"/etc/*\", type=text)"), codes: "M1004", plain: true},
		{name: "@extern", source: "@extern(\"a.wasm\")\n\n" + app("_f: _ @extern(\"a.wasm\", abi=c, sig=\"func(int64): int64\")"), codes: "M1004", plain: true},
		{name: "@tag", source: app("env: X: value: string @tag(x, var=username)"), codes: "M1004 M1008", plain: true},
		{name: "@if", source: "@if(evil)\n\n" + app("x: 1"), codes: "M2001", plain: true},
	}
}

// texts are characters and names that lead elsewhere.
func texts() []attack {
	named := func(name string) string { return strings.Replace(app(""), "\"app1\"", strconv.Quote(name), 1) }
	return []attack{
		{name: "nothing", source: "\n", codes: "M2002", plain: true},
		{name: "zeros", source: strings.Repeat("\x00", 1000), codes: "M1002", plain: true},
		{name: "a zero", source: app("env: X: value: \"a\x00b\""), codes: "M1002", plain: true},
		{name: "an escaped zero", source: app("env: X: value: \"a\\u0000b\""), codes: "M2004", plain: true},
		{name: "a terminal's sequences", source: app("\"\\u001b]0;owned\\u0007\\u001b[2J\": 1\nspace: \"\x1b[2J\\u001b[31m\""), codes: "M2001", plain: true},
		{name: "a terminal's sequences in a comment", source: app("x: 1 // \x1b[2J\x1b]52;c;ZXZpbA==\x07"), codes: "M2001", plain: true},
		{name: "directions", source: app("\"\\u202e\\u2066\": 1 // \u202e\u2066"), codes: "M2001", plain: true},
		{name: "not UTF-8", source: app("x: \"\xff\xfe\xc0\x80\""), codes: "M1002", plain: true},
		{name: "UTF-16", source: "\xff\xfep\x00a\x00c\x00k\x00", codes: "M1002", plain: true},
		{name: "carriage returns", source: strings.ReplaceAll(app("x: 1"), "\n", "\r"), codes: "M1002", plain: true},
		{name: "name of above", source: named("../../../evil"), codes: "M2004", plain: true},
		{name: "name of the root", source: named("/evil"), codes: "M2004", plain: true},
		{name: "name of git's", source: named(".git"), codes: "M2004", plain: true},
		{name: "name with a zero", source: named("a\x00b"), codes: "M1002", plain: true},
		{name: "a long name", source: named(strings.Repeat("a", 100000)), codes: "M2004", plain: true},
		{name: "space of above", source: strings.Replace(app(""), "\"web\"", "\"../../evil\"", 1), codes: "M2004", plain: true},
		{name: "region of above", source: app("regions: \"../../evil\": replicas: 1"), plain: true},
		{name: "only above", source: app("only: [\"../../evil\"]"), plain: true},
		{name: "host of above", source: app("ports: web: 8080\nhttp: p: {host: \"../../evil.mydomain.com\", port: \"web\"}"), plain: true},
		{name: "entry of above", source: app("ports: web: 8080\nhttp: \"../../evil\": {host: \"a.mydomain.com\", port: \"web\"}"), plain: true},
	}
}
