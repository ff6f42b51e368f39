// Command meridian compiles one declarative app.cue into Kubernetes manifests for every region and commits them to
// the git repository that the clusters sync from.
//
// It is the only part of Meridian that reads files, environment and clock; it hands them on as values. Exit codes:
// 0 fine, 1 the user's input is wrong or a difference was found, 2 usage or machine failure. Results go to standard
// output, everything else to standard error.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/meridian-gitops/meridian/sandbox"
)

func main() {
	// Runs are short and the heap is small: collecting it half as often saves time and costs little memory.
	debug.SetGCPercent(200)
	os.Exit(run())
}

func run() int {
	if len(os.Args) == 2 && os.Args[1] == workerCommand {
		return runWorker(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, os.Args[1:], World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now,
		Self:     self(),
		Terminal: func(stream any) int { return terminalWidth(stream, os.Getenv("COLUMNS")) },
	})
}

// self is how the program is run again; it has no path when that cannot be told.
func self() sandbox.Program {
	path, err := os.Executable()
	if err != nil {
		return sandbox.Program{}
	}
	return sandbox.Program{Path: path, Args: os.Args[:1:1]}
}

// terminalWidth returns the width in columns of the terminal that a stream is; 0 when it is none.
func terminalWidth(stream any, columns string) int {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	if n, err := strconv.Atoi(columns); err == nil && n > 0 {
		return n
	}
	if n, _, err := term.GetSize(int(file.Fd())); err == nil && n > 0 {
		return n
	}
	return 80
}

// World is what a run sees of the outside.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	Self           sandbox.Program // this program, to be run as a child of itself
	// Terminal returns the width in columns of the terminal that a stream is; 0 when it is none. nil: none is.
	Terminal func(stream any) int
}
