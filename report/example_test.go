package report_test

import (
	"fmt"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/report"
)

func Example() {
	pos := diag.Pos{File: "app.cue", Line: 4, Col: 11}
	list := []diag.Diagnostic{diag.New(diag.WrongType, pos, "replicas", `replicas must be a whole number, not the string "two"`)}
	lines := report.NewLines(list, func(string) []byte {
		return []byte("package app\n\nname:     \"app1\"\nreplicas: \"two\"\n")
	})
	out, err := report.Report{List: list, Lines: lines}.Print(report.Human, report.Style{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(out))
	// Output:
	// app.cue:4:11: error M2003: replicas must be a whole number, not the string "two"
	//     replicas: "two"
	//               ^
	//   fix: write a value of the field's type
}
