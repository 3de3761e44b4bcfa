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
	"time"
)

func main() { os.Exit(start(os.Stdout, os.Stderr)) }

// start builds the app from the process it runs in and returns its exit code.
// The first interrupt asks it to stop; a second one kills it.
func start(stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	home, _ := os.UserHomeDir() // only scan --local looks there, and can do without
	a := &app{
		stdin:     os.Stdin,
		stdout:    stdout,
		stderr:    stderr,
		environ:   os.Environ(),
		lookupEnv: os.LookupEnv,
		home:      home,
		now:       time.Now,
		sleep:     sleep,
		in:        terminalOf(os.Stdin),
		out:       terminalOf(os.Stdout),
		err:       terminalOf(os.Stderr),
	}
	if _, invoked := a.lookupEnv(runtimeVariable); invoked {
		(&functionMode{app: a}).serve(ctx)
		return exitOK
	}
	return a.run(ctx, os.Args[1:])
}

// sleep waits for a while, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
