package editor

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// yamlServer is the version of yaml-language-server that is tried.
const yamlServer = "1.25.0"

// optIn skips a test that installs and runs other people's tools.
func optIn(t *testing.T) {
	t.Helper()
	if os.Getenv("MERIDIAN_EDITORS") == "" {
		t.Skip("set MERIDIAN_EDITORS=1, or run make editors, to try the real tools")
	}
}

// cache is a folder outside of the tree that keeps a tool from run to run.
func cache(t *testing.T, tool string) string {
	t.Helper()
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(user, "meridian", "editors", tool)
}

// installedCUE returns the real cue command, of the version that Meridian is built with.
func installedCUE(t *testing.T) string {
	t.Helper()
	optIn(t)
	version := run(t, module, nil, "go", "list", "-m", "-f", "{{.Version}}", "cuelang.org/go")
	dir := cache(t, "cue-"+version)
	bin := filepath.Join(dir, "cue")
	if _, err := os.Stat(bin); err != nil {
		run(t, t.TempDir(), append(os.Environ(), "GOBIN="+dir, "GOFLAGS="), "go", "install", "cuelang.org/go/cmd/cue@"+version)
	}
	return bin
}

// installedYAML returns the command of the real yaml-language-server, which needs node and, the first time, npm.
func installedYAML(t *testing.T) []string {
	t.Helper()
	optIn(t)
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed; Debian has it as %s", program, map[string]string{"node": "nodejs", "npm": "npm"}[program])
		}
	}
	dir := cache(t, "yaml-language-server-"+yamlServer)
	script := filepath.Join(dir, "node_modules", "yaml-language-server", "bin", "yaml-language-server")
	if _, err := os.Stat(script); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, dir, nil, "npm", "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund", "yaml-language-server@"+yamlServer)
	}
	return []string{"node", script, "--stdio"}
}
