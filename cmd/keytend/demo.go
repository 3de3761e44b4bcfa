package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "See keytend at work on a made-up account, in a few seconds",
		Long: `Demo scans a simulated AWS that runs inside this process: Example Corp, some
forty users, some years of growth. It shows how the account stands, which keys
are the most dangerous and why, and the commands that would put them right; where
one of them is used, and what would take its place. Then it lives through two
rotations in virtual days, while programs go on using the keys: one that nobody
notices, and one that is held back, since it would have broken something.

No network is used, no AWS configuration is read, and nothing is left behind.`,
		Example: "  keytend demo\n  keytend demo --no-color | less",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.demo(command.Context())
		},
	}
}

// demo scans Example Corp the way the commands scan a real account, and tells
// what it found.
func (a *app) demo(ctx context.Context) error {
	aws := fakeaws.New(fakeaws.Config{LastUsedLag: 2 * time.Hour})
	spec := population.Demo(aws.Now())
	population.LeaveTrail(&spec, aws.Now(), demoMoves)
	aws.AddAccount(spec)
	id, secret := aws.AdminKey(population.AccountID(0))
	session := awsapi.OpenWithKey(ctx, accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region:     awsapi.DefaultRegion,
		HTTPClient: &http.Client{Transport: aws.RoundTripper()},
		Log:        a.log,
	})
	rules := policy.DefaultRules()
	inv, err := a.collect(ctx, session, inventory.Options{
		Wanted: func(inv accesskey.Inventory) []string { return policy.Wanted(inv, rules, session.Now()) },
	})
	if err != nil {
		return fmt.Errorf("scan the simulated account: %w", err)
	}
	watched, failed := a.monitoring(ctx, session, inv.Account.ID)
	found := (&scan{app: a, rules: rules}).judge(inv, policy.Findings(inv, rules, session.Now()), session.Now(), nil)
	card := policy.Score(found.Accounts, map[string]policy.Monitoring{inv.Account.ID: watched}, rules, found.GeneratedAt)
	t := teller{app: a, out: a.stdout}
	t.tell(found.Scan, card, calls(aws))
	if t.err == nil {
		t.err = t.rehearse(ctx, aws, inv.Account.ID)
	}
	t.farewell()
	if t.err != nil {
		return fmt.Errorf("tell the story: %w", t.err)
	}
	return partial(append(inv.Failures, failed...))
}

func calls(aws *fakeaws.AWS) (n int) {
	for _, times := range aws.Calls() {
		n += times
	}
	return n
}

// teller writes the story. The first error to write is kept and ends it.
type teller struct {
	app *app
	out io.Writer
	err error
}

func (t *teller) linef(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, format+"\n", args...)
	}
}

// heading is bold where the terminal can show it.
func (t *teller) heading(text string) {
	if t.app.colour() {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	t.linef("%s", text)
}

// worstShown is how many findings the demo shows: they fit on a screen.
const worstShown = 8

func (t *teller) tell(scan report.Scan, card policy.Scorecard, calls int) {
	t.linef("Example Corp has used AWS for years. Nobody knows how many access keys there are.")
	t.linef("(A simulated AWS inside this process: nothing real is asked, changed or left behind.)\n")

	t.heading("How it stands by the six best practices (keytend scorecard)")
	for _, p := range card.Practices {
		t.linef("  %-7s  %-28s  %s", strings.ToUpper(string(p.Status)), p.Title, measure(p))
	}
	t.linef("")
	t.heading(fmt.Sprintf("The most dangerous first (keytend scan; %d calls to AWS)", calls))
	if t.err == nil {
		look := t.app.look("")
		look.Limit = worstShown
		t.err = report.Write(t.out, report.Table, scan, look)
	}
	t.linef("")
	t.heading("What one would type now, the worst of each kind")
	for _, step := range remedies(scan.Findings) {
		t.linef("  # %s", step.why)
		for _, command := range step.commands {
			t.linef("  %s", command)
		}
	}
}

// rehearse tells the two rotations.
func (t *teller) rehearse(ctx context.Context, aws *fakeaws.AWS, account string) (err error) {
	id, secret := aws.AdminKey(account)
	session := awsapi.OpenWithKey(ctx, accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: awsapi.DefaultRegion, HTTPClient: &http.Client{Transport: patient{aws}}, Unpaced: true, // and silent: days pass in no time
	})
	r, err := t.app.openRehearsal(ctx, aws, session, account)
	if r != nil {
		defer func() { err = errors.Join(err, r.close()) }()
	}
	if err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	if err := t.shortcut(ctx, r); err != nil {
		return err
	}
	for _, p := range plots() {
		t.linef("")
		t.heading(p.heading)
		t.linef("  %s", p.intro)
		key := onlyKey(aws.Snapshot(account), p.user)
		res, err := r.run(ctx, p.user, accesskey.ID(key.ID), key.Secret, p.terms, p.programs, func(day int, line string) {
			t.linef("  day %2d  %s", day, line)
		})
		if err != nil {
			return fmt.Errorf("rehearse %s: %w", p.user, err)
		}
		for _, line := range p.moral(res, p.programs) {
			t.linef("  %s", line)
		}
	}
	return nil
}

// demoMoves is the user whose key a role could take the place of.
const demoMoves = "ci-github-deploy"

// shortcut tells who uses a key, and how nobody would need it any more.
func (t *teller) shortcut(ctx context.Context, r *rehearsal) error {
	m := &migration{app: r.app, unused: 90 * policy.Day, read: usages{
		app: r.app, session: r.session, account: r.bench.account, desk: r.bench.desk, subject: demoMoves, days: 90, within: time.Minute, ends: now(r.session),
	}}
	m.read.ours.known.Ranges = network.Published()
	w, err := m.way(ctx)
	if err != nil {
		return fmt.Errorf("look where the key of %s is used: %w", demoMoves, err)
	}
	t.linef("")
	t.heading("Where a key is used, and what would take its place (keytend usage, keytend migrate " + demoMoves + ")")
	for _, e := range w.evidence {
		answer := e.Answer()
		for _, line := range append([]string{answer.Head}, answer.Places...) {
			t.linef("  %s", line)
		}
	}
	t.linef("  Used by: %s (%s). Instead: %s; effort: %s.", w.judgement.Workload, sureness(w.judgement.Confidence), w.advice.Replacement, w.advice.Effort)
	return nil
}

func onlyKey(account fakeaws.AccountSpec, user string) fakeaws.KeySpec {
	for _, u := range account.Users {
		if u.Name == user && len(u.Keys) == 1 {
			return u.Keys[0]
		}
	}
	return fakeaws.KeySpec{}
}

// patient waits, in virtual time, as long as CloudTrail wants between two
// look-ups.
type patient struct{ aws *fakeaws.AWS }

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
		p.aws.Advance(time.Second)
	}
	return p.aws.RoundTripper().RoundTrip(r)
}

func (t *teller) farewell() {
	t.linef("")
	t.heading("Your own account")
	t.linef("  keytend scan                       # your AWS profile, as the AWS CLI finds it; read only")
	t.linef("  keytend scorecard")
	t.linef("  keytend scan --output html --out keys.html")
	t.linef("  keytend scan --fail-on high        # in CI: exit code 3")
	t.linef("  keytend rotate --self              # says what it will do, and asks")
}

func measure(p policy.Practice) string {
	if p.Of == 0 {
		return p.Sentence
	}
	return fmt.Sprintf("%d of %d (%.0f %%)", p.Good, p.Of, p.Percent)
}

// remedy is what to do about one finding.
type remedy struct {
	why      string
	commands []string
}

// remedies takes the worst finding of each kind, in order of rank.
func remedies(ranked []policy.Finding) []remedy {
	var steps []remedy
	var done []string
	for _, f := range ranked {
		kind, step := remedyOf(f)
		if kind == "" || slices.Contains(done, kind) || slices.Contains(done, f.User) {
			continue
		}
		done = append(done, kind, f.User)
		steps = append(steps, step)
	}
	return steps
}

// remedyOf names the kind of remedy too; empty where the demo has none.
func remedyOf(f policy.Finding) (kind string, step remedy) {
	switch f.Rule {
	case policy.KeyQuarantined:
		return "leaked", remedy{f.User + ": leaked; off at once, with every session made from it", []string{
			"keytend revoke " + string(f.KeyID),
		}}
	case policy.RootAccessKey:
		return "root", remedy{why: "the root user's key: sign in as root and delete it at\n" +
			"  # https://console.aws.amazon.com/iam/home#/security_credentials"}
	case policy.KeyUnused, policy.KeyNeverUsed:
		return "unused", remedy{f.User + ": nobody uses it; off after notice, and revivable", []string{
			"keytend retire " + string(f.KeyID),
		}}
	case policy.KeyTooOld:
		if f.Exposure == policy.Resting {
			return "", remedy{}
		}
		return "old", remedy{f.User + ": old and in use; replaced without anybody noticing", []string{
			"keytend rotate " + f.User + " --deliver secretsmanager:ci/" + f.User,
		}}
	case policy.MultipleActiveKeys:
		return "two", remedy{f.User + ": a rotation half done; which of the two is idle?", []string{
			"keytend explain " + f.User,
		}}
	}
	return "", remedy{}
}
