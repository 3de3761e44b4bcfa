package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/iampolicy"
	"github.com/keytend/keytend/internal/migrate"
	"github.com/keytend/keytend/internal/usage"
)

// way is one user's way from its keys to roles.
type way struct {
	user      string
	account   string
	keys      []accesskey.Key
	evidence  []usage.Evidence
	judgement migrate.Judgement
	advice    migrate.Recommendation // of the whole key
	holder    migrate.Holder
	plans     []migrate.Migration
	now       time.Time
}

// way reads what there is, and plans each workload's role.
func (m *migration) way(ctx context.Context) (*way, error) {
	user, ids, err := m.read.keys(ctx)
	if err != nil {
		return nil, err
	}
	w := &way{user: user, account: m.read.account, now: now(m.read.session)}
	m.read.user = user
	show, end := m.read.progress()
	defer end()
	m.read.show = show
	if err := m.read.gather(ctx, ids); err != nil {
		return nil, err
	}
	var seen []migrate.Seen
	for _, id := range ids {
		e := m.read.evidence(user, id)
		w.evidence, seen = append(w.evidence, e), append(seen, seenIn(e)...)
	}
	if w.keys, err = m.keysOf(ctx, user, ids); err != nil {
		return nil, err
	}
	w.judgement = migrate.JudgeKey(latestUsed(w.keys), seen, w.now, m.unused)
	around, err := surroundings(ctx, m.read.session)
	if err != nil {
		return nil, err
	}
	w.advice = migrate.Recommend(w.judgement.Workload, around)
	if w.holder, err = holderOf(ctx, m.read.session, user); err != nil {
		return nil, err
	}
	if err := m.plan(w, around); err != nil {
		return nil, err
	}
	for i, p := range w.plans {
		if p.RoleARN() != "" {
			w.plans[i].Notes = taken(ctx, m.read.session, p.RoleName, w.holder)
		}
	}
	return w, nil
}

// plan works out the role of each workload that is told.
func (m *migration) plan(w *way, around migrate.Surroundings) error {
	for _, p := range w.judgement.Parts {
		if p.Workload == migrate.Unknown || m.only == "" && p.Noise() || m.only != "" && migrate.Workload(m.only) != p.Workload {
			continue
		}
		plan, err := migrate.Plan(w.holder, p, w.judgement.Workload == migrate.Mixed || p.Noise(), around, m.answers, w.window(), m.externalID)
		if err != nil {
			return usageError{m.command, err}
		}
		w.plans = append(w.plans, plan)
	}
	if m.only != "" && len(w.plans) == 0 {
		return fmt.Errorf("no sign of %s among what used the keys of %s", migrate.Workload(m.only), w.user)
	}
	return nil
}

// seenIn is the evidence of one key as migrate reads it. Our own calls are no
// consumer's.
func seenIn(e usage.Evidence) []migrate.Seen {
	var out []migrate.Seen
	for _, u := range usage.Since(e.Uses, e.From) {
		if u.Own() {
			continue
		}
		from := migrate.OriginOf(e.Network.Name(u.Source), len(e.Network.Owned) > 0)
		out = append(out, migrate.Seen{
			Place: migrate.Place{Agent: u.Agent, Network: u.Source, From: from}, Source: u.Service, Name: u.Action, Region: u.Region,
			First: u.First, Last: u.Last, Count: int(u.Count), Failed: int(u.Errors),
			Resources: u.Resources, More: u.Unnamed > 0,
		})
	}
	return out
}

// keysOf are the user's keys that it is about, as they are now.
func (m *migration) keysOf(ctx context.Context, user string, ids []accesskey.ID) ([]accesskey.Key, error) {
	listed, err := m.read.session.Keys(ctx, user)
	if err != nil {
		return nil, err
	}
	at := now(m.read.session)
	var out []accesskey.Key
	for _, id := range ids {
		k := accesskey.Key{ID: accesskey.Observed(id, at, "typed"), LastUsed: lastUseOf(ctx, m.read.session, id)}
		for _, l := range listed {
			if l.ID == id {
				k.Status, k.Created = accesskey.Observed(l.Status, at, "iam:ListAccessKeys"), accesskey.Observed(l.Created, at, "iam:ListAccessKeys")
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// latestUsed is the key by whose last use all of them are judged where no call was
// seen.
func latestUsed(keys []accesskey.Key) accesskey.Key {
	var latest accesskey.Key
	for i, k := range keys {
		use, known := k.LastUsed.Get()
		had, _ := latest.LastUsed.Get()
		if !known {
			return k // what is not known is not unused
		}
		if i == 0 || use.At.After(had.At) {
			latest = k
		}
	}
	return latest
}

func (w *way) window() migrate.Window {
	out := migrate.Window{}
	for i, e := range w.evidence {
		if i == 0 {
			out.Text = e.From.UTC().Format(time.DateOnly) + " to " + e.To.UTC().Format(time.DateOnly)
			out.Data = e.DataSeen
		}
		out.Data = out.Data && e.DataSeen
		for _, gap := range e.Unread {
			out.Unread = append(out.Unread, gap.Where+": "+gap.Why)
		}
		for _, lack := range e.Lacks {
			if !slices.Contains(out.Lacks, lack) { // each of the keys' evidence has it
				out.Lacks = append(out.Lacks, lack)
			}
		}
	}
	return out
}

// unread is the verdict where something could not be looked at.
func (w *way) unread() error {
	var answers []usageAnswer
	for _, e := range w.evidence {
		answers = append(answers, usageAnswer{Evidence: e})
	}
	return unlooked(answers)
}

// surroundings reads what of the account bears on what to recommend.
func surroundings(ctx context.Context, session *awsapi.Session) (migrate.Surroundings, error) {
	id, err := session.Identity(ctx)
	if err != nil {
		return migrate.Surroundings{}, err
	}
	region, _ := session.Region()
	s := migrate.Surroundings{Account: id.Account, Partition: id.Partition, Region: region}
	if s.IdentityCenter, err = session.UsesIdentityCenter(ctx); err != nil {
		return s, err
	}
	providers, err := session.OIDCProviders(ctx)
	for _, p := range providers {
		s.Providers = append(s.Providers, migrate.Provider{ARN: p.ARN, URL: p.URL, Audiences: p.ClientIDs})
	}
	return s, err
}

// holderOf reads what a user may do: every policy of its own and of its groups. A
// policy that can't be read or understood is an error: what it denies would be
// granted.
func holderOf(ctx context.Context, session *awsapi.Session, name string) (migrate.Holder, error) {
	id, err := session.Identity(ctx)
	if err != nil {
		return migrate.Holder{}, err
	}
	b := &policyReader{groups: map[string]awsapi.Group{}, managed: map[string]awsapi.ManagedPolicy{}}
	user, err := b.read(ctx, session, name)
	if err != nil {
		return migrate.Holder{}, err
	}
	b.holder = migrate.Holder{Name: user.Name, ID: user.ID, ARN: user.ARN, Account: id.Account, Partition: id.Partition}
	b.addAll("user "+user.Name, user.ManagedPolicies, user.InlinePolicies)
	for _, g := range user.Groups {
		b.addAll("group "+g, b.groups[g].ManagedPolicies, b.groups[g].InlinePolicies)
	}
	if arn := user.PermissionsBoundary; arn != "" {
		d := b.parse("permissions boundary "+arn, arn, b.managed[arn].Document)
		b.holder.Boundary = &d
	}
	if b.err != nil {
		return b.holder, fmt.Errorf("read what %s may do: %w", name, b.err)
	}
	return b.holder, nil
}

// policyReader collects one user's policies.
type policyReader struct {
	holder  migrate.Holder
	groups  map[string]awsapi.Group
	managed map[string]awsapi.ManagedPolicy // by ARN
	err     error                           // the first
}

func (b *policyReader) read(ctx context.Context, session *awsapi.Session, name string) (awsapi.User, error) {
	for page, err := range session.GroupsAndPolicies(ctx) {
		if err != nil {
			return awsapi.User{}, err
		}
		for _, g := range page.Groups {
			b.groups[g.Name] = g
		}
		for _, p := range page.Policies {
			b.managed[p.ARN] = p
		}
	}
	for page, err := range session.AuthorizedUsers(ctx) {
		if err != nil {
			return awsapi.User{}, err
		}
		for _, u := range page.Users {
			if u.Name == name {
				return u, nil
			}
		}
	}
	return awsapi.User{}, fmt.Errorf("iam:GetAccountAuthorizationDetails shows no user %s", name)
}

func (b *policyReader) addAll(holder string, managed []string, inline []awsapi.PolicyDocument) {
	for _, arn := range managed {
		name := "managed policy " + arn[strings.LastIndexByte(arn, '/')+1:] + " of " + holder
		b.holder.Policies = append(b.holder.Policies, b.parse(name, arn, b.managed[arn].Document))
	}
	for _, p := range inline {
		b.holder.Policies = append(b.holder.Policies, b.parse("inline policy "+p.Name+" of "+holder, "", p.Document))
	}
}

func (b *policyReader) parse(name, arn, text string) iampolicy.NamedDocument {
	d, err := iampolicy.Parse(text)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", name, err)
	}
	return iampolicy.NamedDocument{Name: name, ARN: arn, Document: d}
}
