package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/migrate"
)

// end begins, or goes on with, the retirement of a key whose consumers move to a
// role.
func (m *migration) end(ctx context.Context) error {
	b, err := m.app.openBench(ctx, &m.read.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	user, key, err := b.subject(ctx, m.read.subject)
	if err != nil {
		return err
	}
	leave, err := b.work(b.subjectOf(user))
	if err != nil {
		return err
	}
	defer leave()
	record, under, err := b.live(ctx, user.Name)
	switch {
	case err != nil:
		return err
	case under && (len(record.Successors) == 0 || key != "" && key != record.Old):
		return hinted{fmt.Errorf("a %s of %s is under way, of key %s", record.Work, user.Name, record.Old), "`keytend status " + user.Name + "` shows it"}
	case under && m.others(record.Successors):
		return hinted{fmt.Errorf("the retirement of %s under way waits for role %s, as it was begun", user.Name, strings.Join(record.Successors, " and role ")), "`keytend rollback " + user.Name + "` ends it; then begin it anew with --role"}
	case !under:
		if err := m.begin(ctx, b, user, key); err != nil {
			return err
		}
	}
	r := &retire{app: m.app, state: m.read.state, stay: m.stay}
	return r.drive(ctx, b, b.subjectOf(user))
}

// others reports whether roles were named, and not those that are waited for.
func (m *migration) others(waited []string) bool {
	return len(m.roles) > 0 && !slices.Equal(slices.Sorted(slices.Values(m.roles)), slices.Sorted(slices.Values(waited)))
}

func (m *migration) begin(ctx context.Context, b *bench, user accesskey.User, key accesskey.ID) error {
	key, err := keyToRetire(user, key, b.now())
	if err != nil {
		return err
	}
	roles, doubts, err := m.successors(ctx, b, user)
	if err != nil {
		return err
	}
	q := b.request(accesskey.Retirement, user, key, m.terms, nil)
	q.Successors = roles
	if err := b.unfit(b.managed(ctx, q)); err != nil {
		return err
	}
	r := &retire{app: m.app, state: m.read.state, stay: m.stay}
	if err := m.app.confirm(m.command, m.stay.yes, r.head(b, user, key), q, doubts, b.seen(ctx, key)); err != nil {
		return err
	}
	return b.begin(ctx, q)
}

// successors are the roles that must be in use before the key goes: those named,
// else those that the evidence asks for; and what is to be known about them.
func (m *migration) successors(ctx context.Context, b *bench, user accesskey.User) (roles []string, doubts string, err error) {
	if roles = m.roles; len(roles) == 0 {
		if roles, doubts, err = m.recommended(ctx, b); err != nil {
			return nil, "", err
		}
	}
	for _, role := range roles {
		doubt, err := m.examine(ctx, b, role, user)
		if err != nil {
			return nil, "", err
		}
		doubts += doubt
	}
	return roles, doubts, nil
}

// examine wants a role to be there, and one that nobody named to have been made for
// the user: of another's the use shows nothing. What is to be known about one that was
// named is told.
func (m *migration) examine(ctx context.Context, b *bench, role string, user accesskey.User) (string, error) {
	use, err := b.session.RoleLastUsed(ctx, role)
	if err != nil {
		return "", err
	}
	if !use.Exists {
		return "", hinted{fmt.Errorf("there is no role %s in account %s", role, b.account), "apply the Terraform of `keytend migrate " + m.read.subject + " --output terraform` first, or name the role with --role"}
	}
	doubt, named := doubted(role, use, user.Name, user.ID), len(m.roles) > 0
	switch {
	case doubt == "" || named && use.At.IsZero() && use.Tags[migrate.ReplacesTag] == "":
		return "", nil
	case named:
		return "  " + doubt + ". If others\n  use it too, its use doesn't show that who uses the key has moved; the key's silence is waited for all the same.\n", nil
	}
	return "", hinted{fmt.Errorf("%s: its use would not show that who uses the key has moved", doubt),
		"apply the Terraform of `keytend migrate " + m.read.subject + " --output terraform`, which tags the role. Where the name is taken, give yours another one in it. Or name the role that you know to be the right one: --role " + role}
}

// taken says what stands in the way of a role that is to be made for a user.
func taken(ctx context.Context, session *awsapi.Session, role string, user migrate.Holder) []string {
	use, err := session.RoleLastUsed(ctx, role)
	if err != nil {
		return []string{"Whether there is a role " + role + " already could not be read: " + inLine(err.Error())}
	}
	if doubt := doubted(role, use, user.Name, user.ID); use.Exists && doubt != "" {
		return []string{"The name is taken: " + doubt + ". Terraform will refuse to make it: give yours another name there, and name that one with --role when the key is retired."}
	}
	return nil
}

// doubted is why a role may not have been made for the user, from its tag alone;
// empty: it was. A role's age proves nothing: the user's keys may be younger.
func doubted(role string, use awsapi.RoleUse, name, id string) string {
	whose, tagged := use.Tags[migrate.ReplacesTag]
	about := fmt.Sprintf("role %s (made %s, last used %s) ", role, day(use.Created), day(use.At))
	switch {
	case !tagged:
		return about + "has no tag " + migrate.ReplacesTag + " that says that it was made for " + name
	case whose != id:
		return about + "was made for another user, " + whose + ", as its tag " + migrate.ReplacesTag + " says"
	}
	return ""
}

func day(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format(time.DateOnly)
}

// recommended are the roles that Terraform was written for, and whom else the key
// serves.
func (m *migration) recommended(ctx context.Context, b *bench) (roles []string, unwatched string, err error) {
	m.read.session, m.read.account, m.read.desk = b.session, b.account, b.desk
	m.read.ends = b.now()
	ranges, err := m.app.readRanges(ctx, m.read.ranges)
	if err != nil {
		return nil, "", err
	}
	m.read.ours.known.Ranges = ranges
	w, err := m.way(ctx)
	if err != nil {
		return nil, "", err
	}
	var without []string
	for _, p := range w.plans {
		if p.RoleARN() != "" {
			roles = append(roles, p.RoleName)
			continue
		}
		without = append(without, p.Part.Workload.String())
	}
	if len(roles) == 0 {
		return nil, "", hinted{fmt.Errorf("the keys of %s are used by %s: no role of this account takes their place, so that none can be seen in use", w.user, or(strings.Join(without, ", "), w.judgement.Workload.String())),
			"name one with --role, or end the key once it is silent: `keytend retire " + w.keyID() + "`"}
	}
	return roles, w.unwatched(), nil
}

// unwatched tells of whoever uses the key and gets no role: of them the key's silence
// alone tells that they have gone.
func (w *way) unwatched() string {
	text := ""
	for _, p := range w.judgement.Parts {
		planned := slices.ContainsFunc(w.plans, func(m migrate.Migration) bool { return m.Part.Workload == p.Workload && m.RoleARN() != "" })
		if !planned && !p.Noise() {
			text += fmt.Sprintf("  It is used otherwise, too (%s: %s, the last %s): no role is watched for that, and\n  the key's silence alone tells when it has ended.\n", p.Workload, count(p.Calls, "call"), day(p.Last))
		}
	}
	return text
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
