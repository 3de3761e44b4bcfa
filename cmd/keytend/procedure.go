package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// procedure is what will happen, step by step, before anything does: AWS's own
// procedure, with the times of this record.
// In names the account to commands.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html
func procedure(r accesskey.Record, in string) []string {
	switch r.Work {
	case accesskey.Retirement:
		return retirementSteps(r, in)
	case accesskey.Revocation:
		return revocationSteps(r, in)
	}
	return rotationSteps(r, in)
}

func rotationSteps(r accesskey.Record, in string) []string {
	steps := replaceSteps(r)
	steps = append(steps, watchStep(r), fmt.Sprintf("deactivate  %s", r.Old))
	return append(steps, lastSteps(r, in)...)
}

// replaceSteps are create, prove and deliver.
func replaceSteps(r accesskey.Record) []string {
	t := r.Terms
	steps := []string{
		fmt.Sprintf("check       rights, destinations and escrow; read the keys twice, %s apart", long(t.Window)),
		fmt.Sprintf("create      a second key of %s", r.Subject.User),
		fmt.Sprintf("test        %d calls in a row as the new key over %s, within %s, or it is deleted again", t.ProveCount, long(t.ProveSpan), long(t.ProveMax)),
	}
	if r.Probe != "" {
		steps[2] += ",\n              and then this command with the new key in its environment: " + r.Probe
	}
	for _, d := range r.Deliveries {
		steps = append(steps, "update      "+d.Destination+", and read it back")
	}
	if len(r.Deliveries) == 0 {
		steps = append(steps, "show        the new secret, once, on this terminal (--reveal)")
	}
	return steps
}

func watchStep(r accesskey.Record) string {
	t := r.Terms
	if r.Flags.Now || r.Work == accesskey.Revocation {
		text := "watch       not at all: every consumer is declared"
		if t.Cache > 0 {
			text += ", and reads the new key within " + long(t.Cache)
		}
		return text
	}
	return fmt.Sprintf("watch       both keys work for %s at least, until %s was idle for %s net of %s that AWS's data lags,\n"+
		"              and the new key is used; still used after %s: you are asked",
		long(max(t.Overlap, t.Cache)), r.Old, long(max(t.Idle, t.Schedule)), long(t.LagMargin), long(t.OverlapMax))
}

// lastSteps are wait and delete.
func lastSteps(r accesskey.Record, in string) []string {
	if r.Terms.Keep {
		return []string{"keep        it stays, Inactive: it is never deleted"}
	}
	back := "a late use or "
	if r.Work == accesskey.Revocation { // whoever uses a leaked key is no reason
		back = ""
	}
	return []string{
		fmt.Sprintf("wait        %s, in which %s`keytend rollback %s` switches it on again", long(r.Terms.Rest), back, r.Subject.User+in),
		fmt.Sprintf("delete      %s; after that nothing brings it back", r.Old),
	}
}

func retirementSteps(r accesskey.Record, in string) []string {
	t := r.Terms
	if len(r.Successors) > 0 {
		return append([]string{
			fmt.Sprintf("watch       until role %s is in use, and %s was idle for %s net of %s that AWS's data lags;\n              still used after %s: you are asked",
				strings.Join(r.Successors, " and role "), r.Old, long(max(t.Idle, t.Schedule)), long(t.LagMargin), long(t.OverlapMax)),
			fmt.Sprintf("deactivate  %s", r.Old),
		}, lastSteps(r, in)...)
	}
	steps := []string{
		fmt.Sprintf("notice      nothing happens for %s; a use in that time ends it", long(t.Notice)),
		fmt.Sprintf("deactivate  %s, if it was idle for %s net of %s that AWS's data lags", r.Old, long(t.Idle), long(t.LagMargin)),
	}
	return append(steps, lastSteps(r, in)...)
}

func revocationSteps(r accesskey.Record, in string) []string {
	off := []string{
		fmt.Sprintf("deactivate  %s at once: whoever uses it fails", r.Old),
		"deny        every session made from it until then (aws:TokenIssueTime)",
	}
	var steps []string
	switch {
	case r.Flags.ReplaceFirst:
		steps = append(append(replaceSteps(r), watchStep(r)), off...)
		steps[len(steps)-2] = fmt.Sprintf("deactivate  %s", r.Old)
	case r.Flags.Replace:
		steps = slices.Concat(off, replaceSteps(r))
	default:
		steps = off
	}
	return append(steps, lastSteps(r, in)...)
}

// long is a duration as people write it: 7d, 36h.
func long(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "0s"
	case d%policy.Day == 0:
		return fmt.Sprintf("%dd", d/policy.Day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return model.Duration(d.Round(time.Millisecond)).String()
}

// numbered writes steps as a list.
func numbered(steps []string) string {
	var b strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, step)
	}
	return b.String()
}

// back is the command to come back with, with the flags that say where the
// records are.
func (a *app) back(s *state, words ...string) string {
	command := "keytend " + strings.Join(words, " ")
	for _, flag := range []struct{ name, value string }{
		{"profile", a.profile}, {"region", a.region}, {"state", s.path}, {"escrow-identity", s.identity}, {"escrow-kms", s.kms},
	} {
		if flag.value != "" {
			command += " --" + flag.name + " " + quoteWord(flag.value)
		}
	}
	return command
}

// quoteWord quotes what a POSIX shell would take apart.
func quoteWord(word string) string {
	if !strings.ContainsAny(word, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
