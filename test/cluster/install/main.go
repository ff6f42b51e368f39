// Install builds the servers that tests run on, once, into the user's cache folder:
//
//	go run ./test/cluster/install [-parts api|controllers|flux|edge|kubelet|all] [-missing] [MINOR ...]
//
// A minor version is 1.36, newest (the default), oldest, or all for every one.
//
// With -missing nothing is built: what is not there is printed, and then the exit code is 1.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/meridian-gitops/meridian/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	wanted := flag.String("parts", "all", "api, controllers, flux, edge, kubelet or all")
	only := flag.Bool("missing", false, "print what is not there, and build nothing")
	flag.Parse()
	parts, ok := map[string]cluster.Parts{
		"api": cluster.API, "controllers": cluster.Controllers, "flux": cluster.Flux, "edge": cluster.Edge, "kubelet": cluster.Kubelet, "all": cluster.All,
	}[*wanted]
	if !ok {
		return fmt.Errorf("no such parts: %s", *wanted)
	}
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"newest"}
	}
	minors, err := cluster.MinorsOf(names...)
	if err != nil {
		return err
	}
	for _, minor := range minors {
		if *only {
			if missing := cluster.Missing(minor, parts); missing != "" {
				return fmt.Errorf("of Kubernetes %s not built: %s", minor.Name, missing)
			}
			continue
		}
		if err := cluster.Install(ctx, minor, parts, func(format string, args ...any) { fmt.Printf(format+"\n", args...) }); err != nil {
			return err
		}
	}
	return nil
}
