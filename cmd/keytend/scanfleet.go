package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/ranking"
	"github.com/keytend/keytend/internal/report"
)

// fleetScan is a scan of many accounts: each is judged, written and dropped as
// it comes, and only what is needed at the end is kept.
type fleetScan struct {
	*scan
	crew     *crew
	baseline *report.Baseline

	lock    sync.Mutex // guards what follows
	stream  *report.Stream
	ranked  *ranking.Findings
	read    int
	failing int   // findings that --fail-on and --baseline make fatal
	broken  error // the report can't be written; ends the scan
	stop    context.CancelFunc

	missing   []accesskey.Failure
	elsewhere *managed.Registry // nil: nobody is asked
	leavers   *leavers          // nil: nobody is asked
	recorded  *journal.Journal  // of where keys are used; nil: nothing is
	hub       *hub              // nil: Security Hub isn't told
}

// runFleet scans the accounts that the flags name.
func (s *scan) runFleet(ctx context.Context) error {
	baseline, err := s.openBaseline()
	if err != nil {
		return err
	}
	crew, err := s.app.crew(ctx, &s.fleet)
	if err != nil {
		return err
	}
	registry, left, err := s.fromOutside(ctx)
	if err != nil {
		return err
	}
	f := &fleetScan{scan: s, crew: crew, baseline: baseline, ranked: ranking.New(0), elsewhere: registry, leavers: left, recorded: s.app.usesOnRecord(ctx)}
	if f.recorded != nil {
		defer func() { _ = f.recorded.Close() }()
	}
	defer func() { _ = f.ranked.Close() }()
	if s.toHub {
		f.hub = &hub{rules: s.rules, now: crew.at}
		defer f.hub.remark(s.app)
	}
	err = s.app.writeOutputFor(s.out, s.readers(), func(w io.Writer) error { return f.write(ctx, w) })
	if err != nil && !errors.Is(err, errHalf) {
		return err
	}
	var told error
	if ctx.Err() == nil {
		told = f.tell(ctx)
	}
	return f.toCloudWatch(ctx, f.verdict(ctx, told))
}

// toCloudWatch tells of all accounts together, in the account of the
// credentials in use.
func (f *fleetScan) toCloudWatch(ctx context.Context, came error) error {
	if !f.measure.asked() {
		return came
	}
	session, err := f.app.fleetBase(ctx, &f.fleet)
	if err != nil {
		return errors.Join(came, err)
	}
	return f.measure.send(ctx, f.app, session, f.crew.at, len(f.missing), came)
}

// fromOutside opens what the credentials in use know about the keys of all
// accounts: states, and the directory of people.
func (s *scan) fromOutside(ctx context.Context) (*managed.Registry, *leavers, error) {
	if !s.elsewhere.sources.Any() && s.directory == "" {
		return nil, nil, nil
	}
	session, err := s.app.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	registry, err := s.elsewhere.registry(session)
	return registry, s.leavers(session), err
}

// errHalf keeps a file from being replaced by a scan that was interrupted.
var errHalf = errors.New("interrupted")

// write goes through all accounts and writes the whole report. One that was
// interrupted says in it what is missing, and goes to stdout only.
func (f *fleetScan) write(ctx context.Context, w io.Writer) error {
	if err := f.open(w); err != nil {
		return err
	}
	visiting, stop := context.WithCancel(ctx)
	defer stop()
	f.stop = stop
	f.missing = f.crew.visit(visiting, inventory.Options{
		IDs: inventory.IDs(f.ids.value), Live: f.live, Concurrency: f.concurrency,
		Wanted: func(inv accesskey.Inventory) []string {
			return f.app.sharing(ctx, f.recorded, inv.Account.ID, f.crew.at).wanted(inv, f.rules, f.crew.at)
		},
	}, f.take)
	if f.broken != nil {
		return f.broken
	}
	f.stream.Missing(f.missing)
	f.stream.LeftOut(f.crew.leftOut())
	if err := f.stream.Finish(f.ranked.All(), f.known); err != nil {
		return err
	}
	if ctx.Err() != nil && f.out != "" && f.out != "-" {
		return errHalf
	}
	return nil
}

func (f *fleetScan) open(w io.Writer) (err error) {
	look := f.app.look(f.out)
	look.All, look.Explain, look.Region = f.all, f.fleet.explaining(), f.crew.region
	f.stream, err = report.NewStream(w, report.Format(f.output.value), f.crew.at, f.rules, look)
	return err
}

// take judges and writes one account.
func (f *fleetScan) take(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
	f.app.sharing(ctx, f.recorded, inv.Account.ID, f.crew.at).note(&inv)
	findings, unread := goneSecrets(ctx, session, inv, policy.Findings(inv, f.rules, f.crew.at))
	inv.Failures = append(inv.Failures, unread...)
	f.measure.account(inv, findings, f.crew.at)
	f.measure.leftOf(findings, unread)
	inv.Failures = append(inv.Failures, noteManaged(ctx, f.elsewhere, inv.Account.ID, findings)...)
	inv.Failures = append(inv.Failures, f.leavers.note(ctx, inv.Account.ID, findings)...)
	if f.hub != nil {
		inv.Failures = append(inv.Failures, f.hub.tell(ctx, session, inv, findings)...)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.read++
	for i := range findings {
		if !f.known(findings[i]) && f.fatal(findings[i], f.baseline != nil) {
			f.failing++
		}
	}
	if err := errors.Join(f.broken, f.ranked.Add(findings), f.stream.Account(inv, findings)); err != nil {
		f.broken = err
		f.stop()
	}
	return f.broken
}

func (f *fleetScan) known(finding policy.Finding) bool {
	return f.baseline != nil && f.baseline.Has(finding)
}

// tell sends the notification where there is anything to tell.
func (f *fleetScan) tell(ctx context.Context) error {
	if f.notify == "" || f.stream.Found() == 0 {
		return nil
	}
	title, text := f.stream.Digest()
	return notify.Send(ctx, f.notify, title, text)
}

func (f *fleetScan) verdict(ctx context.Context, told error) error {
	if told != nil {
		f.app.say(told)
	}
	if err := f.crew.outcome(ctx, f.read, f.missing, f.stream.Troubles()); err != nil {
		return err
	}
	return f.findingsVerdict(f.failing, told)
}
