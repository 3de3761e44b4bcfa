package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// makeTag says, on a secret that is being made, under which token its first key is
// made. Each attempt has a tag of its own below it, named after its time in seconds:
// one that got lost and comes late comes over nothing.
const makeTag = OwnTags + "make"

// making is the first key of a user who has none, on its way into a secret. There
// is no old key to replace, so that it is no rotation; the claim is the same:
// written down first, two readings that agree, the user's tag settled, one
// attempt, and authorship proved where an answer was lost.
type making struct {
	f       *Function
	arn     string
	subject accesskey.Subject
	token   string
	begun   time.Time // the latest attempt before under this token; zero: none
	tags    []string  // of this work on the secret
	terms   accesskey.Terms
	say     func(string)
}

// First is a user's first key and the secret that it goes into.
type First struct {
	ID, User string        // name of the secret, of the user
	Every    time.Duration // between two rotations
	// Ready proves, before anything is made, that the secret can be handed over.
	Ready func(accesskey.User) error
	// Create makes the secret, empty, with these tags.
	Create func(ctx context.Context, tags map[string]string) error
	Say    func(string) // tells people what is waited for
}

// Make makes a user's first key and puts it into an empty secret made for it.
// Called again after any failure it goes on.
func (f *Function) Make(ctx context.Context, first First) error {
	m := &making{f: f, subject: accesskey.Subject{Account: f.Account, User: first.User}, terms: accesskey.DefaultTerms(), say: first.Say}
	found, err := m.user(ctx)
	if err != nil {
		return err
	}
	m.subject.UserID = found.ID
	if m.terms, err = f.Terms(found, accesskey.Key{}); err != nil {
		return err
	}
	if err := errors.Join(Adoption{Terms: m.terms, Every: first.Every}.timeProblems()...); err != nil {
		return m.wrong("%w", err)
	}
	if err := first.Ready(found); err != nil {
		return m.wrong("%w", err)
	}
	d, err := f.Store.Describe(ctx, first.ID)
	if stored.Missing(err) {
		if err = m.fresh(found); err != nil {
			return err
		}
		if err = first.Create(ctx, map[string]string{UserTag: first.User, makeTag: m.token}); err == nil {
			d, err = f.Store.Describe(ctx, first.ID)
		}
	}
	if err != nil {
		return fmt.Errorf("account %s, secret %s: %w", f.Account, first.ID, err)
	}
	return m.goOn(ctx, d)
}

// fresh begins under a token of its own.
func (m *making) fresh(u accesskey.User) error {
	m.token = handToken + m.f.Rotator.Random()
	if all, _ := u.Keys.Get(); len(all) > 0 {
		return m.hasKeys(all)
	}
	return nil
}

func (m *making) hasKeys(all []accesskey.Key) error {
	id, _ := all[0].ID.Get()
	return m.wrong("the user has key %s already, and its secret is known to whoever uses it alone: put that pair into a secret by hand and run `keytend secret adopt`, or replace it with `keytend rotate %s --deliver secretsmanager:NAME`", id, m.subject.User)
}

func (m *making) wrong(format string, args ...any) error {
	return fmt.Errorf("account %s, user %s: "+format, append([]any{m.f.Account, m.subject.User}, args...)...)
}

// attempt is the tag of an attempt.
func attempt(at time.Time) string { return makeTag + "/" + strconv.FormatInt(at.Unix(), 10) }

// recall reads how far an earlier call came, off the secret's tags.
func (m *making) recall(tags map[string]string) {
	for tag := range tags {
		text, one := strings.CutPrefix(tag, makeTag+"/")
		seconds, err := strconv.ParseInt(text, 10, 64)
		if one && err == nil && time.Unix(seconds, 0).After(m.begun) {
			m.begun = time.Unix(seconds, 0)
		}
		if one || tag == makeTag {
			m.tags = append(m.tags, tag)
		}
	}
	m.token = tags[makeTag]
}

func (m *making) user(ctx context.Context) (accesskey.User, error) {
	fact := m.f.Rotator.Keys.User(ctx, m.subject)
	u, known := fact.Get()
	switch {
	case !known:
		return u, m.wrong("%s", fact.Why())
	case u.ID == "":
		return u, m.wrong("the account has no such user")
	case m.subject.UserID != "" && u.ID != m.subject.UserID:
		return u, m.wrong("another user has the name now")
	case !u.Keys.Known() || !u.Tags.Known():
		return u, m.wrong("read the user's keys and tags: %s%s", u.Keys.Why(), u.Tags.Why())
	}
	return u, nil
}

// goOn finds out how far an earlier call came.
func (m *making) goOn(ctx context.Context, d awsapi.SecretDescription) error {
	m.arn = d.ARN
	if !d.Deleted.IsZero() {
		return m.wrong("secret %s is marked for deletion: restore it first, or choose another name", d.Name)
	}
	text, _, err := m.f.Store.Value(ctx, d.ARN)
	if err != nil {
		return m.wrong("%w", err)
	}
	held, err := document.Read(text.Reveal())
	m.recall(d.Tags)
	ours := m.token != ""
	switch {
	case err == nil && held.ID != "" && !ours && d.Tags[UserTag] == m.subject.User:
		return nil // all of it was done before
	case err != nil || held.ID != "" && !ours:
		return m.wrong("secret %s is there and was not made by `keytend secret create`: run `keytend secret adopt`", d.Name)
	case held.ID != "" && m.exists(ctx, held.ID):
		return m.close(ctx, held)
	case !ours || d.Tags[UserTag] != m.subject.User:
		return m.wrong("secret %s is there and is another's: choose another name", d.Name)
	}
	if err := m.lost(ctx); err != nil {
		return err
	}
	if err := m.claim(ctx); err != nil {
		return err
	}
	return m.make(ctx)
}

// exists reports whether the user has the key; where that can't be told, that it
// does: its proof says what is wrong.
func (m *making) exists(ctx context.Context, key accesskey.ID) bool {
	u, err := m.user(ctx)
	all, _ := u.Keys.Get()
	return err != nil || slices.ContainsFunc(all, func(k accesskey.Key) bool { return is(k, key) })
}

// make makes the key in one attempt, and stores it or deletes it.
func (m *making) make(ctx context.Context) error {
	now := m.f.Rotator.Clock.Now()
	begun := attempt(now)
	if err := m.f.Store.Tag(ctx, m.arn, map[string]string{begun: m.token}, now.Add(writeLife)); err != nil {
		return m.wrong("write down that a key is made: %w", err)
	}
	m.tags = append(m.tags, begun)
	made, err := m.f.Rotator.Mutations.CreateAccessKey(ctx, m.subject, m.permit())
	switch {
	case errors.Is(err, rotation.ErrNotDone):
		failed := m.f.Store.Untag(ctx, m.arn, []string{begun})
		return m.wrong("make the key: %w. Put that right and run this again", errors.Join(err, failed))
	case err != nil:
		return m.wrong("make the key: %w. Run this again: it finds out what became of it", err)
	}
	kept := context.WithoutCancel(ctx)
	if err := m.keep(kept, made); err != nil {
		if failed := m.f.Rotator.Mutations.DeleteAccessKey(kept, m.subject, made.ID, m.permit()); failed != nil {
			return m.wrong("store key %s in the secret: %w; and it could not be deleted: %w. Run this again in half an hour: it discards the key", made.ID, err, failed)
		}
		return m.wrong("store the new key in the secret: %w; the key was deleted at once", err)
	}
	m.say("made key " + string(made.ID) + ", which only the secret holds")
	return m.close(ctx, made)
}

func (m *making) keep(ctx context.Context, made rotation.Credential) error {
	text, version, err := m.f.Store.Value(ctx, m.arn)
	if err != nil {
		return err
	}
	d := stored.Document{User: m.subject.User}
	next, err := d.Write(text.Reveal(), made)
	if err != nil {
		return err
	}
	err = m.f.Store.Put(ctx, m.arn, versionAfter(version, made.ID), current, accesskey.NewSecret(next), m.f.Rotator.Clock.Now().Add(writeLife))
	if err == nil || stored.Certain(err) {
		return err
	}
	if now, _, failed := m.f.Store.Value(ctx, m.arn); failed == nil && now.Reveal() == next {
		return nil
	}
	return err
}

// versionAfter names the version: the same for the same key, however often it is
// tried. AWS wants 32 to 64 characters.
func versionAfter(version string, key accesskey.ID) string {
	return (string(key) + "-" + strings.Repeat("0", 32) + version)[:32+len(key)+1]
}

// close proves the key and releases the claim.
func (m *making) close(ctx context.Context, made rotation.Credential) error {
	if err := m.prove(ctx, made); err != nil {
		return err
	}
	if err := m.f.Rotator.Tags.Untag(ctx, m.subject, m.permit()); err != nil {
		return m.wrong("release the claim on the user (tag %s): %w. Run this again", rotation.ClaimTag, err)
	}
	if err := m.f.Store.Untag(ctx, m.arn, m.tags); err != nil {
		return m.wrong("take the tag %s off the secret: %w. Run this again", makeTag, err)
	}
	return nil
}

// prove wants the same successes in a row as a rotation does.
func (m *making) prove(ctx context.Context, made rotation.Credential) error {
	var proof accesskey.Proof
	ends := m.f.Rotator.Clock.Now().Add(m.terms.ProveMax)
	for {
		who, err := m.f.Rotator.Prover.Prove(ctx, made, []string{m.f.Region})
		if err == nil && who != m.subject.UserID {
			return m.wrong("key %s belongs to %s", made.ID, who)
		}
		now := m.f.Rotator.Clock.Now()
		proof = policy.Proved(proof, m.terms, err == nil, now)
		switch {
		case !proof.Passed.IsZero():
			return nil
		case now.After(ends):
			return m.wrong("the new key %s, which the secret holds, does not work: %w. Run this again to try it once more", made.ID, err)
		}
		if err := m.f.Sleep(ctx, max(m.terms.ProveSpan/2, time.Millisecond)); err != nil {
			return err
		}
	}
}
