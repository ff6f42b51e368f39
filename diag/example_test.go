package diag_test

import (
	"fmt"

	"github.com/meridian-gitops/meridian/diag"
)

// A mistake at its place, with the fix that is nearest.
func Example() {
	d := diag.New(diag.UnknownField, diag.Pos{File: "app.cue", Line: 3, Col: 1}, "replica", "there is no field replica here").
		WithHint("did you mean replicas?")
	fmt.Println(d)
	fmt.Println("fix:", d.Hint)
	// Output:
	// app.cue:3:1: error M2001: there is no field replica here
	// fix: did you mean replicas?
}
