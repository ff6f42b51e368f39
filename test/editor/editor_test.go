// Package editor holds what editors get: the files of `meridian schema vendor` and the output of `meridian schema export`,
// as the real cue command, the real `cue lsp` and the real yaml-language-server read them. The latter two and the command
// are installed by `make editors`; CUE's library, which the command is made of, says the same in every run of the tests.
package editor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "../.."

// app is right; mistakes are put into it by their line.
const app = `package app

name:  "app1"
space: "web"
owner: "team-web@mydomain.com"
image: {name: "app1", tag: "1.0"}

_host: "app1"
#Level: "debug" | *"info"
let listen = 8000 + 80

replicas: [if region.cloud == "AWS" {4}, 2][0]
resources: limits: memory: "256Mi"
env: {
	LEVEL:   #Level
	REGION:  region.id
	DB_HOST: "mysql.\(region.id).mydomain.internal"
	DB_PASSWORD: secret: {name: "app1-db", key: "password"}
}
ports: web: listen
http: public: {
	host: "\(_host).mydomain.com"
	port: "web"
	allowFrom: ["111.111.111.0/24"]
}
health: startup: {
	http: {path: "/ready", port: "web"}
	periodSeconds: 10
}
regions: "aws-oregon": {
	replicas: 6
	env: LEVEL: null
}
`

// mistakes replace a part of app; where says what a reader must be pointed at: the line, and the path where what is
// missing has no line.
var mistakes = []struct{ name, old, new, where string }{
	{"a typo at the top", "replicas:", "replcas:", "app.cue:12:1"},
	{"a typo below", "periodSeconds", "periodSecond", "app.cue:28:2"},
	{"a typo in an entry", "\thost: ", "\thots: ", "app.cue:22:2"},
	{"a typo in a short form's struct", "key: \"password\"", "kye: \"password\"", "app.cue:18:41"},
	{"a typo in an override", "replicas: 6", "replicsa: 6", "app.cue:31:2"},
	{"a typo in a region", "\"aws-oregon\"", "\"aws-oregn\"", "app.cue:30:10"},
	{"a typo in a fact", "region.id)", "region.idd)", "app.cue:17:27"},
	{"a wrong type", "replicas: 6", "replicas: \"6\"", "app.cue:31:12"},
	{"out of range", "8000 + 80", "70000", "app.cue:20:13"},
	{"a bad range of addresses", "111.111.111.0/24", "111.111.111.0/33", "app.cue:24:14"},
	{"a bad amount", "256Mi", "256MB", "app.cue:13:28"},
	{"no choice of an enumeration", "resources: limits", "spread: zones: \"Nowhere\"\nresources: limits", "app.cue:13:16"},
	{"a bad name", "ports: web:", "ports: Web:", "app.cue:20:8"},
	{"a bad host", "mydomain.com\"\n\tport", "mydomain_com\"\n\tport", "app.cue:22:8"},
	{"a field that must be given", "owner: \"team-web@mydomain.com\"\n", "", "owner: field is required"},
	{"a field of an entry that must be given", "\thost: \"\\(_host).mydomain.com\"\n", "", "http.public.host: field is required"},
	{"two alternatives", "\tperiodSeconds", "\ttcp: port: \"web\"\n\tperiodSeconds", "app.cue:28:7"},
	{"no alternative", "\thttp: {path: \"/ready\", port: \"web\"}\n", "", "app.cue:26:18"},
	{"two that exclude each other", "resources: limits", "autoscale: {min: 1, max: 2}\nresources: limits", "app.cue:13:12"},
	{"two in an override", "replicas: 6", "replicas: 6\n\tautoscale: {min: 1, max: 2}", "app.cue:32:13"},
	{"what is the same in all regions", "replicas: 6", "name: \"app2\"", "app.cue:31:2"},
	{"a scalar for a struct", "{\n\treplicas: 6\n\tenv: LEVEL: null\n}", "6", "app.cue:30:24"},
	{"a fact of its own", "name: ", "region: zone: \"a\"\nname: ", "app.cue:3:9"},
}

// bin is the folder of the binary, which is built once for all tests.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "meridian-editor-")
	if err == nil {
		bin = dir
		cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/meridian")
		cmd.Dir, cmd.Stderr = module, os.Stderr
		err = cmd.Run()
	}
	code := 2
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "build meridian:", err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// meridian runs the binary in a folder.
func meridian(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return run(t, dir, append(os.Environ(), "MERIDIAN_PLATFORM="), filepath.Join(bin, "meridian"), args...)
}

// workspace is a folder with the vendored schema and one application in app.
func workspace(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved // language servers answer with real paths
	}
	write(t, dir, map[string]string{"cue.mod/module.cue": "module: \"mydomain.com/services@v0\"\nlanguage: version: \"v0.15.0\"\n", "app/app.cue": app})
	write(t, dir, files)
	meridian(t, dir, "schema", "vendor", "app")
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a program that must succeed, and returns what it says on standard output.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	var said strings.Builder
	cmd.Stderr = &said
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, output, said.String())
	}
	return strings.TrimSpace(string(output))
}

// mistaken puts a mistake into app.
func mistaken(t *testing.T, old, text string) string {
	t.Helper()
	changed := strings.Replace(app, old, text, 1)
	if changed == app {
		t.Fatalf("%q is not in the application", old)
	}
	return changed
}

// goldenApps are the applications of the golden cases and of the examples whose regions the embedded platform knows.
func goldenApps(t *testing.T) map[string]string {
	t.Helper()
	apps := map[string]string{}
	for _, pattern := range []string{"golden/cases/*/app.cue", "examples/*/app.cue", "examples/*/*/app.cue"} {
		paths, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(data), "lab-") { // a region of the case's own
				apps[path] = string(data)
			}
		}
	}
	if len(apps) < 60 {
		t.Fatalf("only %d applications", len(apps))
	}
	return apps
}
