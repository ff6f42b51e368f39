// Command peers makes the same four mistakes in the same workload for several tools, and records what each says.
//
// In: the workloads below test/peers/workloads, written as each tool's users would write them, and the mistakes that
// are planted in them. Out: docs/mistakes.md and, on standard output, its table. The peers are pinned; they are built
// from the Go module proxy into the user's cache folder, one after the other. It refuses to go on when a workload
// without a mistake does not pass, and it writes nothing of its own into what a tool printed: lines are left out, and
// paths made relative, but no word is changed. What judge.go finds in the output is all that the table says.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/meridian-gitops/meridian/test/kubeschemas"
	"github.com/meridian-gitops/meridian/test/pinned"
)

func main() {
	root := flag.String("root", ".", "the module's folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *root); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, root string) error {
	defer pinned.Drop()
	bin, err := os.MkdirTemp("", "meridian-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	if err := buildMeridian(ctx, root, bin); err != nil {
		return err
	}
	schemas, err := kubeschemas.Of(ctx, kubernetes)
	if err != nil {
		return err
	}
	var records []*record
	for _, t := range append([]tool{meridian()}, peers()...) {
		folder, missing := bin, ""
		if t.install != "" {
			fmt.Fprintln(os.Stderr, heading(t))
			if folder, missing, err = install(ctx, t); err != nil {
				return err
			}
		}
		r := &record{tool: t, missing: missing}
		if missing == "" {
			l := laboratory{workloads: filepath.Join(root, "test", "peers", "workloads"), bin: folder, schemas: schemas}
			if r, err = l.record(ctx, t); err != nil {
				return err
			}
		}
		records = append(records, r)
	}
	var rows []string
	for _, r := range records {
		rows = append(rows, row(r))
	}
	fmt.Print(table(rows))
	return os.WriteFile(filepath.Join(root, "docs", "mistakes.md"), []byte(page(records)), 0o644)
}

// buildMeridian builds the command of this module into a folder.
func buildMeridian(ctx context.Context, root, bin string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), "./cmd/meridian")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build meridian: %w\n%s", err, output)
	}
	return nil
}
