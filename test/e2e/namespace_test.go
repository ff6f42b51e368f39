package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// alone runs a test in a network namespace of its own, in which a process may have any address, and reports whether this
// is the process that is in there. Outside it runs itself again and passes on what comes of it.
func alone(t *testing.T) bool {
	t.Helper()
	const inside = "MERIDIAN_E2E_ALONE"
	if os.Getenv(inside) == t.Name() {
		command(t, "ip", "link", "set", "lo", "up")
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	t.Attr("cases", strconv.Itoa(len(innermost(string(out)))))
	if err != nil {
		t.Fatalf("in a network namespace (which only root can make): %v", err)
	}
	return false
}

var endedRE = regexp.MustCompile(`(?m)^ *--- (?:PASS|FAIL): (\S+)`)

// innermost are the tests that ended, without those that have others below them.
func innermost(out string) []string {
	var names []string
	for _, match := range endedRE.FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
