package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is everything a command gets from outside: streams, environment,
// terminal, and the flags that all commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string                    // NAME=value
	lookupEnv      func(string) (string, bool) // the same, one at a time
	home           string                      // the user's directory; empty: unknown
	now            func() time.Time            // the host's clock; AWS's is the session's
	in, out, err   terminal                    // what the streams are
	sleep          func(context.Context, time.Duration) error
	client         *http.Client // calls AWS and webhooks; nil: their own, which honour proxies

	lines   *bufio.Reader // stdin, once something was asked
	profile string
	region  string
	quiet   bool
	verbose int
	noColor bool

	// function: it runs in AWS Lambda. Metrics go to stdout, its log, where CloudWatch
	// finds them, and a state file lies on network storage.
	function bool

	log     *slog.Logger // to stderr; set up once the flags are read
	started bool         // flags and arguments were fine; the command runs
}

// terminal says what a stream is connected to.
type terminal struct {
	is    bool
	width int // columns; 0: unknown
}

// terminalOf looks at a stream of this process.
func terminalOf(f *os.File) terminal {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return terminal{}
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 0
	}
	return terminal{is: true, width: width}
}

// run executes one command line and returns the exit code. Errors are printed
// here and nowhere else.
func (a *app) run(ctx context.Context, args []string) int {
	a.log = slog.New(slog.DiscardHandler)
	root := rootCommand(a)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var said verdict
	if ctx.Err() != nil && !errors.As(err, &said) {
		_, _ = fmt.Fprintln(a.stderr, "keytend: interrupted before everything was read; nothing is reported")
		return exitInterrupted
	}
	if !a.started {
		err = usageError{command: command, err: err}
	}
	return a.fail(err)
}

// prepare runs before every command, once its flags and arguments are known to
// be well formed. That flags contradict each other cobra would find after it.
func (a *app) prepare(command *cobra.Command, _ []string) {
	a.started = command.ValidateRequiredFlags() == nil && command.ValidateFlagGroups() == nil
	a.log = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: a.level()}))
}

// level maps -v, -vv and --quiet to what is logged.
func (a *app) level() slog.Level {
	switch {
	case a.verbose >= 2:
		return slog.LevelDebug
	case a.verbose == 1:
		return slog.LevelInfo
	case a.quiet:
		return slog.LevelError
	}
	return slog.LevelWarn
}

// colour reports whether stdout may carry escape sequences: a terminal, and
// neither --no-color nor NO_COLOR (https://no-color.org) nor TERM=dumb.
func (a *app) colour() bool { return a.out.is && a.mayColour() }

// mayColour reports whether the user lets terminals be coloured.
func (a *app) mayColour() bool {
	if value, _ := a.lookupEnv("NO_COLOR"); a.noColor || value != "" {
		return false
	}
	return a.mayMoveCursor()
}

// mayMoveCursor reports whether terminals understand escape sequences at all.
func (a *app) mayMoveCursor() bool {
	value, _ := a.lookupEnv("TERM")
	return value != "dumb"
}
