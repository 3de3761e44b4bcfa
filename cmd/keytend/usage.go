package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/evidence"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/usage"
)

// usages is one run of `keytend usage`.
type usages struct {
	app     *app
	state   state
	subject string // as typed
	days    int
	regions []string
	within  time.Duration
	ranges  []string
	offline bool
	output  choice
	out     string

	desk    *desk
	session *awsapi.Session
	account string
	known   network.Directory
}

func usageCommand(a *app) *cobra.Command {
	u := &usages{app: a, days: 90, within: 5 * time.Minute, output: choice{allowed: []string{"table", "json"}, value: "table"}}
	command := &cobra.Command{
		Use:   "usage USER|ACCESS-KEY-ID",
		Short: "Where a key is still used: by what, from where, for what",
		Long: `Usage says in plain words where a key is used: each program, the network it
calls from, what it calls and when it last did. It reads CloudTrail's event
history (management events of 90 days) in the region where IAM's events are, the
region of last use, those of earlier looks and those named by --regions.

AWS answers two questions a second in each region, so a busy key takes a while.
What was read is kept in the state file as sums, and is not read again: after
--within, or when you break it off, run it again to go on. Nothing of a call's
parameters is kept.

Management events don't show reads and writes of data (S3 objects, DynamoDB
items, ...): where AWS says that the key was last used for such, usage says so.
What could not be looked at is listed, and makes the exit code 4.

Addresses are named by what comes with the program: AWS's larger ranges, CI
services that publish theirs, the private ones. --ip-ranges takes newer ones:
AWS's ip-ranges.json or GitHub's meta, downloaded by you.`,
		Example: `  keytend usage AKIAIOSFODNN7EXAMPLE
  keytend usage ci-deploy --days 30 --regions eu-west-1,us-west-2
  keytend usage ci-deploy --output json
  keytend usage ci-deploy --ip-ranges ip-ranges.json --ip-ranges github-meta.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			u.subject = args[0]
			if err := u.check(); err != nil {
				return usageError{c, err}
			}
			return u.run(c.Context())
		},
	}
	u.addFlags(command)
	return command
}

func (u *usages) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.IntVar(&u.days, "days", u.days, "how many days to look back, at most 90 in the event history")
	flags.StringSliceVar(&u.regions, "regions", nil, "look in these `regions` too")
	flags.DurationVar(&u.within, "within", u.within, "how long to read the event history at most")
	flags.StringArrayVar(&u.ranges, "ip-ranges", nil, "`file` of published ranges: AWS's ip-ranges.json or GitHub's meta (repeatable)")
	flags.BoolVar(&u.offline, "offline", false, "read nothing: only what is on record")
	u.output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &u.out)
	u.state.addTo(command)
}

// regionForm is how AWS names regions.
var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d+$`)

func (u *usages) check() error {
	if u.days < 1 || u.days > 3650 {
		return fmt.Errorf("--days %d: want 1 or more", u.days)
	}
	if u.within <= 0 {
		return fmt.Errorf("--within %s: want more than nothing", u.within)
	}
	for _, region := range u.regions {
		if !regionForm.MatchString(region) {
			return fmt.Errorf("--regions %s: want names of regions such as eu-central-1", region)
		}
	}
	return nil
}

func (u *usages) run(ctx context.Context) error {
	if err := u.open(ctx); err != nil {
		return err
	}
	defer u.desk.close()
	user, keys, err := u.keys(ctx)
	if err != nil {
		return err
	}
	var answers []usageAnswer
	for _, key := range keys {
		e, err := u.evidence(ctx, user, key)
		if err != nil {
			return u.broken(ctx, err)
		}
		answers = append(answers, usageAnswer{e, e.Answer()})
	}
	if err := u.app.writeOutput(u.out, func(w io.Writer) error { return u.write(w, answers) }); err != nil {
		return err
	}
	return unlooked(answers)
}

// broken is an error of reading; of one that was broken off, what was read is kept.
func (u *usages) broken(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return verdict{code: exitInterrupted, text: "interrupted; what was read of the event history is kept", hint: "run it again to go on"}
}

func (u *usages) open(ctx context.Context) (err error) {
	if u.known.Ranges, err = readRanges(u.ranges); err != nil {
		return err
	}
	if u.session, err = u.app.open(ctx); err != nil {
		return err
	}
	id, err := u.session.Identity(ctx)
	if err != nil {
		return err
	}
	u.account = id.Account
	u.desk, err = u.app.openDesk(ctx, &u.state)
	return err
}

// readRanges is what is published about addresses.
func readRanges(files []string) (*network.Ranges, error) {
	ranges := network.Published()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read ranges of addresses: %w", err)
		}
		err = ranges.Refresh(name, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, hinted{err, "download https://ip-ranges.amazonaws.com/ip-ranges.json or https://api.github.com/meta anew"}
		}
	}
	return ranges, nil
}

// keys are those that were asked for: one, or all of a user.
func (u *usages) keys(ctx context.Context) (user string, keys []accesskey.ID, err error) {
	finder := &explain{app: u.app, session: u.session}
	if id, err := accesskey.ParseID(u.subject); err == nil {
		user, err = finder.userOf(ctx, id)
		return user, []accesskey.ID{id}, err
	}
	listed, err := u.session.Keys(ctx, u.subject)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound:
		return "", nil, (&bench{session: u.session, account: u.account}).nobody(ctx, u.subject)
	case err != nil:
		return "", nil, err
	case len(listed) == 0:
		return "", nil, hinted{fmt.Errorf("user %s has no access key", u.subject), "`keytend usage ACCESS-KEY-ID` tells of a key that is gone, as long as it is on record"}
	}
	for _, k := range listed {
		keys = append(keys, k.ID)
	}
	return u.subject, keys, nil
}

// evidence is all that can be known of one key.
func (u *usages) evidence(ctx context.Context, user string, key accesskey.ID) (usage.Evidence, error) {
	at := now(u.session)
	e := usage.Evidence{Account: u.account, User: user, Key: key, From: at.Add(-time.Duration(u.days) * 24 * time.Hour), To: at, Network: u.known}
	e.LastUsed = lastUseOf(ctx, u.session, key)
	var found evidence.Found
	if !u.offline {
		leave, err := u.desk.Enter("usage-" + string(key))
		if err != nil {
			return e, hinted{fmt.Errorf("where key %s is used is being read by another keytend with this state file", key), "wait until it has ended, or ask with --offline"}
		}
		defer func() { _ = leave.Leave() }()
		if found, err = u.collect(ctx, e); err != nil {
			return e, err
		}
	}
	e.Looked, e.Unread, e.DataSeen = found.Looked, found.Unread, found.Data
	kept, err := u.desk.Uses(ctx, u.account)
	if err != nil {
		return e, err
	}
	var all usage.Tally
	for _, use := range slices.Concat(found.Uses, kept[key]) {
		all.Widen(use)
	}
	e.Uses = all.Uses()
	return e, nil
}

// lastUseOf is AWS's own word.
func lastUseOf(ctx context.Context, session *awsapi.Session, key accesskey.ID) accesskey.Fact[accesskey.LastUse] {
	last, _, err := session.KeyLastUsed(ctx, key)
	if err != nil {
		return accesskey.Unread[accesskey.LastUse](err.Error())
	}
	return accesskey.Observed(last, session.Now(), "iam:GetAccessKeyLastUsed")
}

// collect reads what can be read of the key's events.
func (u *usages) collect(ctx context.Context, e usage.Evidence) (evidence.Found, error) {
	regions, err := u.regionsOf(ctx, e)
	if err != nil {
		return evidence.Found{}, err
	}
	show, end := u.progress()
	defer end()
	history := evidence.History{Account: u.account, Trail: u.session, Keep: u.desk, Within: u.within, Progress: show}
	return history.Collect(ctx, e.Key, regions, e.From)
}

// regionsOf are those whose event history is read: IAM's, that of the session
// and of last use, those named, and those of earlier looks.
func (u *usages) regionsOf(ctx context.Context, e usage.Evidence) ([]string, error) {
	id, err := u.session.Identity(ctx)
	if err != nil {
		return nil, err
	}
	regions := append([]string{awsapi.HomeRegion(id.Partition)}, u.regions...)
	if region, defaulted := u.session.Region(); !defaulted {
		regions = append(regions, region)
	}
	if last, _ := e.LastUsed.Get(); regionForm.MatchString(last.Region) {
		regions = append(regions, last.Region)
	}
	streams, err := u.desk.Streams(ctx, u.account, e.Key)
	for _, s := range streams {
		if region, ours := strings.CutPrefix(s.Via, "history "); ours {
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions), err
}

// progress shows how far the slowest look is.
func (u *usages) progress() (func(evidence.Progress), func()) {
	line, end := u.app.progressLine()
	if line == nil {
		return nil, end
	}
	return func(p evidence.Progress) {
		text := fmt.Sprintf("reading %s: %s", p.Where, count(int(p.Events), "event"))
		if p.Part > 0 {
			text += fmt.Sprintf(", %d %%", min(100, int(100*p.Part)))
		}
		line.draw(text)
	}, end
}

// unlooked is the verdict where something could not be looked at.
func unlooked(answers []usageAnswer) error {
	n, first := 0, usage.Gap{}
	for _, a := range answers {
		if n += len(a.Unread); n == len(a.Unread) && n > 0 {
			first = a.Unread[0]
		}
	}
	if n == 0 {
		return nil
	}
	return verdict{code: exitPartial, text: "partial: " + count(n, "place") + " could not be looked at; first: " + first.Where + ": " + first.Why}
}
