package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/awsapi"
)

// What the process's exit code means. Scripts depend on these numbers.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3
	exitPartial     = 4
	exitBlocked     = 5
	exitInterrupted = 130 // 128 + SIGINT, as shells count
)

const exitCodesText = `0    fine
1    failed: nothing could be reported (no credentials, no network, ...)
2    usage error: unknown command or flag, or a value that makes no sense
3    findings: at or above --fail-on or, with --baseline, new ones; the audit is
     not what it was
4    partial: something could not be read; what could be is reported
5    blocked: a person must choose; the message names the command that does
130  interrupted

4 wins over 3: a partial scan may have missed findings. A command that leaves a
rotation waiting for its time exits 0.`

// exitCodesTopic is not runnable, so cobra shows it as a help topic.
func exitCodesTopic(*app) *cobra.Command {
	return &cobra.Command{
		Use:     "exit-codes",
		Short:   "What the exit codes mean",
		Long:    "Exit codes of every keytend command:\n\n" + indent(exitCodesText),
		Example: "  keytend scan --fail-on high || echo \"exit code $?\"",
	}
}

func indent(text string) string {
	return strings.ReplaceAll("  "+strings.ReplaceAll(text, "\n", "\n  "), "  \n", "\n")
}

// usageError is a command line that makes no sense.
type usageError struct {
	command *cobra.Command
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Hint names the help page of the command that was meant.
func (e usageError) Hint() string {
	return fmt.Sprintf("see '%s --help'", e.command.CommandPath())
}

// verdict ends a command whose report has been written with a code other than
// 0. Text says why, in one line.
type verdict struct {
	code int
	text string
	hint string
}

func (v verdict) Error() string { return v.text }

// Hint says what to do next; empty where there is nothing to say.
func (v verdict) Hint() string { return v.hint }

// fail prints one line of what happened and one of what to do next, and
// returns the exit code.
func (a *app) fail(err error) int {
	code := exitFailed
	var usage usageError
	var said verdict
	switch {
	case errors.As(err, &usage):
		code = exitUsage
	case errors.As(err, &said):
		code = said.code
		if a.quiet {
			return code
		}
	}
	a.say(err)
	return code
}

// say prints an error and its hint to stderr.
func (a *app) say(err error) {
	_, _ = fmt.Fprintf(a.stderr, "keytend: %s\n", printable(err.Error()))
	if hint := printable(hintOf(err)); strings.Contains(hint, "\n") {
		_, _ = fmt.Fprintf(a.stderr, "choose one:\n%s\n", indent(hint))
	} else if hint != "" {
		_, _ = fmt.Fprintf(a.stderr, "hint: %s\n", hint)
	}
}

// hintOf returns what to do about err: its own hint, or what awsapi knows of
// calls to AWS. A file that can't be opened is none, though it looks like a
// network error to the standard library.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	var call *awsapi.Error
	if !errors.As(err, &call) {
		return ""
	}
	return deniedHint(awsapi.Hint(err), awsapi.ClassOf(err))
}

// deniedHint adds to the hint where all permissions stand together: who lacks
// one seldom lacks just that. Who may assume a role is for the role to say, too.
func deniedHint(hint string, class awsapi.Class) string {
	if class != awsapi.Denied || !strings.HasPrefix(hint, "Allow ") || strings.Contains(hint, "sts:AssumeRole") {
		return hint
	}
	return hint + " `keytend permissions` prints the whole policy."
}

// printable keeps what a terminal could obey out of its reach: other people's
// text (user names, AWS's messages) appears in errors.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			return r
		case r == '\t':
			return ' ' // cobra's suggestions
		}
		return '�' // control characters, bidirectional overrides
	}, text)
}

// inLine is a text that stays in its line and its column: files are called
// whatever somebody calls them.
func inLine(text string) string {
	return printable(strings.NewReplacer("\n", "\ufffd", "\t", "\ufffd").Replace(text))
}
