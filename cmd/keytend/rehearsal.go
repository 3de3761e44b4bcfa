package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/escrow"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// cloud is the simulated AWS as a rehearsal needs it.
type cloud interface {
	Now() time.Time
	Advance(time.Duration)
}

// rehearsal lives through rotations on a simulated AWS, in virtual days, while
// programs use the keys.
type rehearsal struct {
	app     *app
	cloud   cloud
	session *awsapi.Session
	bench   *bench
	folder  string // of this rehearsal, removed at its end
	began   time.Time
	users   []*program
}

// program uses a key: it reads it anew from its file for every call, or, where
// reads is false, goes on with the one it has once read.
type program struct {
	name  string
	every time.Duration
	file  string
	reads bool

	id            accesskey.ID
	secret        accesskey.Secret
	next          time.Time
	calls, failed int
}

// openRehearsal opens a state file of its own in a temporary folder.
func (a *app) openRehearsal(ctx context.Context, c cloud, session *awsapi.Session, account string) (*rehearsal, error) {
	folder, err := os.MkdirTemp("", "keytend-demo-")
	if err != nil {
		return nil, err
	}
	quiet := *a
	quiet.quiet = true
	r := &rehearsal{app: &quiet, cloud: c, session: session, folder: folder, began: c.Now()}
	quiet.sleep = func(_ context.Context, d time.Duration) error { return r.pass(ctx, d) }
	s := &state{path: filepath.Join(folder, "state.db")}
	d, err := quiet.openDesk(ctx, s)
	if err != nil {
		return r, err
	}
	r.bench = &bench{app: &quiet, desk: d, session: session, account: account, virtual: true, lookout: &lookout{session: session}}
	sealed, err := escrow.OpenAge(filepath.Join(folder, "identity.age"), true)
	if err != nil {
		return r, err
	}
	r.bench.assemble(sealed, false)
	return r, nil
}

// close leaves nothing behind.
func (r *rehearsal) close() error {
	if r.bench != nil {
		r.bench.close()
	}
	return os.RemoveAll(r.folder)
}

// pass lets time pass; programs call whenever it is their time.
func (r *rehearsal) pass(ctx context.Context, d time.Duration) error {
	end := r.cloud.Now().Add(d)
	for {
		next := end
		for _, p := range r.users {
			if p.next.Before(next) {
				next = p.next
			}
		}
		r.cloud.Advance(max(next.Sub(r.cloud.Now()), 0))
		if !next.Before(end) {
			return ctx.Err()
		}
		for _, p := range r.users {
			if !p.next.After(next) {
				p.use(ctx, r.session)
				p.next = next.Add(p.every)
			}
		}
	}
}

// pairLines are the lines of a credentials file that a program reads.
var pairLines = regexp.MustCompile(`(?m)^aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)$`)

func (p *program) use(ctx context.Context, session *awsapi.Session) {
	if p.reads || p.id == "" {
		text, err := os.ReadFile(p.file)
		pair := pairLines.FindSubmatch(text)
		if err != nil || pair == nil {
			p.failed++
			return
		}
		p.id, p.secret = accesskey.ID(pair[1]), accesskey.NewSecret(string(pair[2]))
	}
	p.calls++
	if _, err := session.AsKey(p.id, p.secret, p.name).Identity(ctx, awsapi.DefaultRegion); err != nil {
		p.failed++
	}
}

// run rotates one user's key until it ends or blocks. day is told what was done
// on which day.
func (r *rehearsal) run(ctx context.Context, user string, key accesskey.ID, secret string, terms accesskey.Terms, programs []*program, day func(int, string)) (rotation.Result, error) {
	file := filepath.Join(r.folder, user)
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key, secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return rotation.Result{}, err
	}
	r.began, r.users = r.cloud.Now(), programs
	for _, p := range programs {
		p.file, p.next = file, r.began
	}
	if err := r.pass(ctx, time.Hour); err != nil { // everybody has called once
		return rotation.Result{}, err
	}
	found, err := r.bench.look(ctx, user)
	if err != nil {
		return rotation.Result{}, err
	}
	q := r.bench.request(accesskey.Rotation, found, key, terms, []string{"credentialsfile:" + file + "#default"})
	if err := r.bench.preflight(ctx, q, found); err != nil {
		return rotation.Result{}, err
	}
	if err := r.bench.begin(ctx, q); err != nil {
		return rotation.Result{}, err
	}
	d := &drive{app: r.app, rotator: r.bench.rotator, subject: q.Subject, stay: stay{wait: true, nap: policy.Day}}
	d.heard = func(line string) {
		day(int(r.cloud.Now().Sub(r.began)/policy.Day), strings.ReplaceAll(line, r.folder+string(filepath.Separator), "~/"))
	}
	return d.run(ctx)
}

// plot is what the demo tells of one rotation.
type plot struct {
	heading, intro string
	user           string
	terms          accesskey.Terms
	programs       []*program
	moral          func(rotation.Result, []*program) []string
}

// plots are the two rotations of the demo: one that nobody notices, and one
// that would have broken something.
func plots() []plot {
	hasty := accesskey.DefaultTerms()
	hasty.OverlapMax = 12 * policy.Day
	return []plot{
		{
			heading: "A rotation that nobody notices (keytend rotate svc-mailer --deliver credentialsfile:~/svc-mailer)",
			intro:   "svc-mailer sends mail all day, and reads its key from a file for every call.",
			user:    "svc-mailer", terms: accesskey.DefaultTerms(),
			programs: []*program{{name: "mailer", every: 20 * time.Minute, reads: true}},
			moral:    noticed,
		},
		{
			heading: "A rotation that would have broken something (keytend rotate ci-terraform)",
			intro:   "ci-terraform's file is read by every build. What nobody remembers: a nightly report has a copy of the key.",
			user:    "ci-terraform", terms: hasty,
			programs: []*program{{name: "builds", every: 2 * time.Hour, reads: true}, {name: "nightly-report", every: policy.Day}},
			moral:    heldBack,
		},
	}
}

func noticed(res rotation.Result, programs []*program) []string {
	return []string{ended(res.Record), tally(programs)}
}

func heldBack(res rotation.Result, programs []*program) []string {
	lines := []string{fmt.Sprintf("Held back: %s. Nothing was switched off.", res.Record.Block.Reason), "  " + res.Record.Block.Saw}
	for _, p := range usesSince(res, deliveredAt(res.Record), res.Record.Block.Since) {
		lines = append(lines, "  "+p)
	}
	return append(lines, "A person decides: "+res.Record.Block.Command, tally(programs))
}

// tally counts what the programs lived through.
func tally(programs []*program) string {
	var parts []string
	for _, p := range programs {
		parts = append(parts, fmt.Sprintf("%s made %d calls, %d failed", p.name, p.calls, p.failed))
	}
	return strings.Join(parts, "; ") + "."
}
