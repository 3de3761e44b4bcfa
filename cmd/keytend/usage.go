package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/evidence"
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
	logs    []string // folders, s3://bucket/prefix
	athena  string   // database.table
	results string   // of Athena: s3://bucket/prefix
	group   string   // Athena's workgroup; empty: primary
	day     string   // Athena's partition by day
	lake    string   // an event data store's ARN or ID
	output  choice
	out     string

	desk    *desk
	session *awsapi.Session
	account string
	user    string    // whose keys are asked about
	ends    time.Time // of the window that was asked for
	ours    gathered
	show    func(evidence.Progress) // how far reading is; nil: nobody is shown
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
--within, or when you break it off, run it again to go on. Of a call's
parameters nothing is kept but the ARN of the bucket, table, queue, topic,
function, key, secret or role that it named.

With --logs, it reads a trail's log files as well: a folder of .json and .json.gz
files, or the bucket that CloudTrail writes them into. With --athena, it asks an
Athena table over the trail, made as AWS's documentation has it, one question for
all keys; with --lake, an event data store of CloudTrail Lake likewise. They may
go back farther than 90 days, and have data events where the trail or the store
has them. An event that several of these have counts once.

Management events don't show reads and writes of data (S3 objects, DynamoDB
items, ...): where AWS says that the key was last used for such, usage says so.
What could not be looked at is listed, and makes the exit code 4.

Addresses are named by the account's own Elastic IPs, NAT gateways and VPC
endpoints, and by what comes with the program: AWS's larger ranges, CI services
that publish theirs, the private ones. --ip-ranges takes newer ones, a file or an
address: AWS's ip-ranges.json or GitHub's meta.`,
		Example: `  keytend usage AKIAIOSFODNN7EXAMPLE
  keytend usage ci-deploy --days 30 --regions eu-west-1,us-west-2
  keytend usage ci-deploy --output json
  keytend usage ci-deploy --logs s3://example-trail --days 365
  keytend usage ci-deploy --athena logs.cloudtrail --athena-output s3://example-athena/keytend
  keytend usage ci-deploy --lake arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d --days 365
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
	flags.StringArrayVar(&u.logs, "logs", nil, "read log files of a trail: a `folder`, or s3://BUCKET/PREFIX (repeatable)")
	flags.StringVar(&u.athena, "athena", "", "ask this Athena `table` over a trail: DATABASE.TABLE")
	flags.StringVar(&u.results, "athena-output", "", "where Athena is to write its results: s3://BUCKET/PREFIX (default: the workgroup's)")
	flags.StringVar(&u.group, "athena-workgroup", "", "`workgroup` that Athena runs it in (default: primary)")
	flags.StringVar(&u.day, "athena-day", "", "`column` by which that table is partitioned by day, as 2026/11/23: less is read then")
	flags.StringVar(&u.lake, "lake", "", "ask this event data `store` of CloudTrail Lake: its ARN, or its ID where it is in the session's region")
	flags.DurationVar(&u.within, "within", u.within, "how long to read the event history at most")
	flags.StringArrayVar(&u.ranges, "ip-ranges", nil, "`file` or https URL of published ranges: AWS's ip-ranges.json or GitHub's meta (repeatable)")
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
	if err := u.checkSources(); err != nil {
		return err
	}
	for _, region := range u.regions {
		if !regionForm.MatchString(region) {
			return fmt.Errorf("--regions %s: want names of regions such as eu-central-1", region)
		}
	}
	return nil
}

func (u *usages) checkSources() error {
	if u.offline && (u.athena+u.lake != "" || len(u.logs) > 0) {
		return errors.New("--offline reads nothing: leave out --logs, --athena and --lake")
	}
	for _, place := range u.logs {
		if _, _, err := evidence.ParseBucket(place); strings.HasPrefix(place, "s3:") && err != nil {
			return fmt.Errorf("--logs %w", err)
		}
	}
	if u.athena == "" && u.results+u.group+u.day != "" {
		return errors.New("--athena-output, --athena-workgroup and --athena-day go with --athena")
	}
	if u.athena != "" {
		if err := evidence.CheckTable(u.athena, u.day); err != nil {
			return fmt.Errorf("--athena: %w", err)
		}
	}
	if u.lake != "" {
		if _, err := evidence.ParseEventStore(u.lake); err != nil {
			return fmt.Errorf("--lake: %w", err)
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
	u.user = user
	show, end := u.progress()
	defer end()
	u.show = show
	if err := u.gather(ctx, keys); err != nil {
		return u.broken(ctx, err)
	}
	var answers []usageAnswer
	for _, key := range keys {
		e := u.evidence(user, key)
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
	if u.ours.known.Ranges, err = u.app.readRanges(ctx, u.ranges); err != nil {
		return err
	}
	if u.session, err = u.app.open(ctx); err != nil {
		return err
	}
	id, err := u.session.Identity(ctx)
	if err != nil {
		return err
	}
	u.account, u.ends = id.Account, now(u.session)
	u.state.reading = u.offline
	u.desk, err = u.app.openDesk(ctx, &u.state)
	return err
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
