// Package robustness gives the real program what only somebody hostile would: input that explodes, files that are none,
// names that lead elsewhere; and watches what it opens.
//
// In: the built command, in folders that the tests make. Out: nothing but test results. It refuses to judge by what
// Meridian's own packages say: time, memory, sockets and files are those that the operating system reports.
package robustness

import (
	"fmt"
	"os"
	"testing"

	"github.com/meridian-gitops/meridian/test/publishing"
)

// shared is a folder for what is made once and used by several tests.
var shared string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if shared, err = os.MkdirTemp("", "meridian-robustness-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(shared)
	return publishing.RunTests(m)
}
