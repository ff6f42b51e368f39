// Install builds the program of package checkers that has Argo CD's and Flux' types, once, into the user's cache folder:
//
//	go run ./test/checkers/install [-missing]
//
// With -missing nothing is built: that it is not there is printed, and then the exit code is 1.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/meridian-gitops/meridian/test/checkers"
)

func main() {
	only := flag.Bool("missing", false, "print that it is not there, and build nothing")
	flag.Parse()
	if err := run(*only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(only bool) error {
	types := checkers.Types()
	if only {
		if types.Missing() {
			return fmt.Errorf("not built: the types of Argo CD and Flux (%s)", types.Name)
		}
		return nil
	}
	_, err := types.Install(context.Background(), func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	return err
}
