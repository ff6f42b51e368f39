// Command install builds the judges of package network into the user's cache, unless they are there.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/meridian-gitops/meridian/test/network"
)

func main() {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	file, err := network.Judges().Install(context.Background(), say)
	if err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
	fmt.Println(file)
}
