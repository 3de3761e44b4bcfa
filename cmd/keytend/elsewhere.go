package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// elsewhere is where to look for who else manages a key.
type elsewhere struct{ sources managed.Sources }

func (e *elsewhere) addTo(command *cobra.Command) {
	flags := command.Flags()
	flags.StringArrayVar(&e.sources.States, "terraform-state", nil,
		"leave keys alone that this Terraform or OpenTofu `state` manages: a path, or s3://BUCKET/KEY (repeatable)")
	flags.StringArrayVar(&e.sources.Regions, "cloudformation", nil,
		"leave keys alone that a CloudFormation stack of this `region` made (repeatable)")
}

// registry is who answers; nil: nobody is asked.
func (e *elsewhere) registry(session *awsapi.Session) (*managed.Registry, error) {
	if !e.sources.Any() {
		return nil, nil
	}
	if err := e.sources.Check(); err != nil {
		return nil, err
	}
	return managed.New(e.sources, session, session, session.Now), nil
}

// lookout is where work on one account finds out who else manages a key.
type lookout struct {
	sources managed.Sources // of flags and policy
	states  managed.Objects
	session *awsapi.Session // of the account

	lock sync.Mutex
	made map[string]*managed.Registry // by where it looks
}

// registry is who answers, also for what a record was begun with; nil: nobody is
// asked.
func (l *lookout) registry(also accesskey.Elsewhere) *managed.Registry {
	s := managed.Sources{
		States: union(l.sources.States, also.States), Regions: union(l.sources.Regions, also.Regions), Everywhere: l.sources.Everywhere || also.Everywhere,
	}
	if !s.Any() {
		return nil
	}
	name := fmt.Sprintf("%q %q %v", s.States, s.Regions, s.Everywhere)
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.made[name] == nil {
		if l.made == nil {
			l.made = map[string]*managed.Registry{}
		}
		l.made[name] = managed.New(s, l.states, l.session, l.session.Now)
	}
	return l.made[name]
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// onRecord is what a record keeps of where to look: whoever goes on with it, from
// wherever, looks there too.
func (l *lookout) onRecord() accesskey.Elsewhere {
	kept := accesskey.Elsewhere(l.sources)
	kept.States = nil
	for _, state := range l.sources.States {
		if whole, err := filepath.Abs(state); err == nil && !strings.HasPrefix(state, "s3://") {
			state = whole
		}
		kept.States = append(kept.States, state)
	}
	return kept
}

// askElsewhere is rotation's question.
func (b *bench) askElsewhere(ctx context.Context, subject accesskey.Subject, key accesskey.ID) (string, error) {
	record, err := b.desk.Fetch(ctx, subject)
	if err != nil && !errors.Is(err, rotation.ErrNoRecord) {
		return "", err
	}
	r := b.lookout.registry(record.Elsewhere)
	if r == nil {
		return "", nil
	}
	owner, err := r.Of(ctx, key)
	if owner == nil || err != nil {
		return "", err
	}
	return owner.String(), nil
}

// handOver is how a key leaves its owner's hands, on lines of their own; empty
// where that isn't known.
func (b *bench) handOver(ctx context.Context, key accesskey.ID) string {
	if b.elsewhere == nil {
		return ""
	}
	owner, err := b.elsewhere.Of(ctx, key)
	if owner == nil || err != nil {
		return ""
	}
	return ".\n" + owner.HandOver()
}

// managed refuses to touch a key that somebody else manages, and one of which
// that was asked and could not be told.
func (b *bench) managed(ctx context.Context, q rotation.Request) error {
	key := q.Key
	fact := b.rotator.Keys.Managed(ctx, q.Subject, key)
	by, known := fact.Get()
	switch {
	case !known && b.elsewhere != nil:
		return fmt.Errorf("who else manages key %s: %s", key, fact.Why())
	case by == "": // unknown without having been asked: the rotation waits until it is known
		return nil
	}
	hint := "let that rotate it, or hand the key over first"
	if q.Work == accesskey.Revocation {
		hint = "without --deliver it is cut off all the same"
	}
	return hinted{fmt.Errorf("key %s is managed by %s, which would undo what keytend does%s", key, by, b.handOver(ctx, key)), hint}
}

// warnManaged says of a leaked key, which is cut off whoever manages it, what its
// manager would do next; empty where nobody is known.
func (b *bench) warnManaged(ctx context.Context, key accesskey.ID) string {
	if b.elsewhere == nil {
		return ""
	}
	owner, err := b.elsewhere.Of(ctx, key)
	switch {
	case err != nil:
		return "    who else manages it could not be told: " + err.Error()
	case owner == nil:
		return ""
	}
	return "    managed by " + owner.String() + ": make a new key there, or its next update brings this one back.\n    " +
		strings.ReplaceAll(owner.HandOver(), "\n", "\n    ")
}

// noteManaged adds to findings about keys who else manages them, for people in
// the reason and for machines as evidence, and returns what could not be read.
func noteManaged(ctx context.Context, r *managed.Registry, account string, findings []policy.Finding) []accesskey.Failure {
	if r == nil {
		return nil
	}
	var failures []accesskey.Failure
	for i := range findings {
		f := &findings[i]
		if f.KeyID == "" {
			continue
		}
		owner, err := r.Of(ctx, f.KeyID)
		switch {
		case err != nil && failures == nil:
			failures = append(failures, awsapi.NewFailure(account, "", err))
			fallthrough
		case err != nil:
			f.Evidence = append(f.Evidence, policy.Evidence{Fact: "managed by", Value: "unknown: " + err.Error()})
		case owner != nil:
			f.Reason += "; managed by " + owner.String()
			f.Evidence = append(f.Evidence, policy.Evidence{Fact: "managed by", Value: owner.String(), Source: owner.Where})
		}
	}
	return failures
}
