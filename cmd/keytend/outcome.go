package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// after tells how a record stands when a command leaves it, and what to come
// back with. The error is the verdict where a person must choose.
func (a *app) after(w io.Writer, res rotation.Result, s *state, words ...string) error {
	r := res.Record
	var b strings.Builder
	switch {
	case !r.Live():
		fmt.Fprintln(&b, ended(r))
	case r.Phase == accesskey.Blocked:
		return a.blocked(r, s)
	default:
		fmt.Fprintf(&b, "\n%s of %s: %s, waiting: %s\n", title(r.Work), r.Subject.User, r.Phase, res.Step.Reason)
		if res.Step.Saw != "" {
			fmt.Fprintf(&b, "  %s\n", res.Step.Saw)
		}
		fmt.Fprintf(&b, "  looked at again from  %s\n", stamp(res.Step.NotBefore))
		if !res.Step.Deadline.IsZero() {
			fmt.Fprintf(&b, "  alarm raised after    %s\n", stamp(res.Step.Deadline))
		}
		fmt.Fprintf(&b, "  come back with        %s\n", a.back(s, s.in(r.Subject.Account, words...)...))
	}
	if a.quiet {
		return nil
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// blocked is the verdict that a person must choose, with every command that
// fits.
func (a *app) blocked(r accesskey.Record, s *state) error {
	text := fmt.Sprintf("the %s of %s in account %s is blocked: %s: %s",
		r.Work, r.Subject.User, r.Subject.Account, r.Block.Reason, sentence(r.Block.Saw))
	return verdict{
		code: exitBlocked,
		text: strings.Join(append([]string{text}, handOverOf(r.Block)...), "\n"),
		hint: strings.Join(a.choices(r, s), "\n"),
	}
}

// choices are the commands that answer a block, each in a line with what it
// does.
func (a *app) choices(r accesskey.Record, s *state) []string {
	width := 0
	var commands, lines []string
	choices := policy.Choices(r)
	for _, c := range choices {
		command := a.back(s, s.in(r.Subject.Account, strings.Fields(rotation.Command(r.Subject.User, c.Answer))[1:]...)...)
		commands, width = append(commands, command), max(width, len(command))
	}
	for i, c := range choices {
		lines = append(lines, fmt.Sprintf("%-*s  %s", width, commands[i], c.Means))
	}
	return lines
}

func sentence(saw string) string { return strings.ReplaceAll(strings.TrimSpace(saw), "\n", "; ") }

// ended says how a record came out.
func ended(r accesskey.Record) string {
	switch {
	case r.Phase == accesskey.RolledBack && r.Work == accesskey.Retirement:
		return fmt.Sprintf("Given up: %s is left as it is (%s).", r.Old, r.Outcome)
	case r.Phase == accesskey.RolledBack:
		return fmt.Sprintf("Rolled back: %s is in use as before (%s).", r.Old, r.Outcome)
	case r.New != "" && r.NewExit.Deleted.IsZero():
		return fmt.Sprintf("Done: %s has replaced %s, which is %s.", r.New, r.Old, leftAs(r))
	case r.OldExit == (accesskey.Exit{}):
		return fmt.Sprintf("Ended: %s (%s).", r.Old, r.Outcome)
	}
	return fmt.Sprintf("Done: %s is %s.", r.Old, leftAs(r))
}

func leftAs(r accesskey.Record) string {
	switch {
	case !r.OldExit.Deleted.IsZero() || !r.Watch.OldGone.IsZero():
		return "deleted"
	case !r.OldExit.Inactive().IsZero():
		return "Inactive"
	}
	return "left as it is"
}

func title(w accesskey.Work) string { return strings.ToUpper(string(w[:1])) + string(w[1:]) }

// explainRotation gives errors of the rotation the hint of what lies below.
func explainRotation(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rotation.ErrConflict):
		return hinted{fmt.Errorf("%w", err), "another keytend is at work on it; try again in a moment"}
	case errors.Is(err, rotation.ErrExists):
		return hinted{fmt.Errorf("%w", err), "`keytend status` shows it"}
	}
	return err
}

// sinceText is a moment and how long ago it was.
func sinceText(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return fmt.Sprintf("%s (%s ago)", stamp(t), roughly(now.Sub(t)))
}

// roughly is a duration in its largest unit that counts.
func roughly(d time.Duration) string {
	switch d = max(d, 0); {
	case d >= 2*policy.Day:
		return fmt.Sprintf("%d d", d/policy.Day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
