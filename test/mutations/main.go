// Command mutations makes mistakes in good app.cue files and looks what Meridian says of them.
//
// In: the applications below examples and golden/cases. Out: a table, by kind of mistake and by place: how many were
// caught, how many at the line of the mistake and nowhere else, how many with a fix. A mutation that is not caught
// must be one that is right, for a reason that follows from the schema and not from what the program said; one that
// is told at another line must be one whose mistake shows there. Anything else fails, and so does a word of CUE or a
// path of the schema in what a user reads.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	verbose := flag.Bool("v", false, "list every mutation")
	root := flag.String("root", ".", "the module's folder")
	flag.Parse()
	os.Exit(run(*root, *verbose))
}

func run(root string, verbose bool) int {
	judged, err := judgeAll(root)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutations: %v\n", err)
		return 2
	}
	if verbose {
		for _, v := range judged {
			fmt.Println(v)
		}
	}
	fmt.Print(table(judged))
	failed := 0
	for _, v := range judged {
		if v.problem != "" {
			failed++
			fmt.Fprintf(os.Stderr, "\n%s\n", v)
		}
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "\n%d of %d mutations are not handled\n", failed, len(judged))
		return 1
	}
	return 0
}
