package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// open opens the session that the shared flags ask for.
func (a *app) open(ctx context.Context) (*awsapi.Session, error) {
	return awsapi.Open(ctx, a.awsOptions())
}

func (a *app) awsOptions() awsapi.Options {
	return awsapi.Options{
		Profile: a.profile, Region: a.region, AppID: "keytend/" + thisBuild().Version, Log: a.log, Unpaced: a.simulated(), HTTPClient: a.client,
	}
}

// now is AWS's time in whole seconds, as IAM counts.
func now(session *awsapi.Session) time.Time { return session.Now().Truncate(time.Second) }

// collect reads one account, with progress on a terminal.
func (a *app) collect(ctx context.Context, session *awsapi.Session, options inventory.Options) (accesskey.Inventory, error) {
	show, end := a.progress()
	defer end()
	options.Progress = show
	inv, err := inventory.Collect(ctx, session, options)
	if ctx.Err() != nil {
		return accesskey.Inventory{}, fmt.Errorf("read the account: stopped before everything was read, so nothing is reported: %w", ctx.Err())
	}
	return inv, err // awsapi's errors say what was asked
}

// findingsShown is how many findings a terminal is shown, the worst: thousands
// would push away what stands above them.
const findingsShown = 50

// unbounded is a width in which nothing is shortened: files and pipes have no
// edge, and programs look for whole names.
const unbounded = 2000

// look fits a report to where it goes: out is the file, empty for stdout.
func (a *app) look(out string) report.Options {
	look := report.Options{Version: thisBuild().Version}
	if out != "" && out != "-" || !a.out.is {
		look.Width = unbounded
		return look
	}
	look.Width, look.Color, look.Limit = a.out.width, a.colour(), findingsShown
	return look
}

func addOutFlag(command *cobra.Command, out *string) {
	command.Flags().Var(outPath{out}, "out", "write the report to this `file`, whole or not at all (default: stdout)")
}

// partial is the verdict where something could not be read; nil where all was.
func partial(failed []accesskey.Failure) error {
	if len(failed) == 0 {
		return nil
	}
	text := "partial: " + count(len(failed), "thing") + " could not be read; first: "
	return verdict{code: exitPartial, text: text + describe(failed[0]), hint: deniedHint(failed[0].Hint, awsapi.Class(failed[0].Class))}
}

// describe is a failure in one line.
func describe(f accesskey.Failure) string {
	var parts []string
	for _, part := range []string{f.Account, f.User, f.Call, f.Err} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func severityNames() []string {
	var names []string
	for _, severity := range policy.Severities() {
		names = append(names, severity.String())
	}
	return names
}

func formatNames(formats []report.Format) []string {
	var names []string
	for _, format := range formats {
		names = append(names, string(format))
	}
	return names
}
