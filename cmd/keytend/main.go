// Command keytend finds every AWS IAM access key and says which ones are
// dangerous and why. This package wires the rooms under internal together, one
// file a command; it decides nothing itself and never prints a secret.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(start(os.Stdout, os.Stderr)) }

// start builds the app from the process it runs in and returns its exit code.
// The first interrupt asks it to stop; a second one kills it.
func start(stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	a := &app{
		stdin:     os.Stdin,
		stdout:    stdout,
		stderr:    stderr,
		lookupEnv: os.LookupEnv,
		out:       terminalOf(os.Stdout),
		err:       terminalOf(os.Stderr),
	}
	return a.run(ctx, os.Args[1:])
}
