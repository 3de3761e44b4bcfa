package fakeaws

import (
	"slices"
	"strconv"
	"time"
)

// accessKey is a long-lived key. It remembers its changes, because AWS's
// authentication and its reads learn of them late.
type accessKey struct {
	id, secret string
	account    *account
	owner      *user // nil: the root user
	created    time.Time
	changes    []keyChange // oldest first; the last one is the truth
	uses       []use       // oldest first
}

// use is one use of a key; seeded ones count as published.
type use struct {
	KeyUse
	seeded bool
}

type keyChange struct {
	at     time.Time // zero: long ago
	status string
}

// Statuses of a key. Expired is AWS's own doing; deleted is nobody's to see.
const (
	active     = "Active"
	inactive   = "Inactive"
	keyDeleted = "deleted"
)

func (k *accessKey) status() string { return k.changes[len(k.changes)-1].status }

func (k *accessKey) change(status string, now time.Time) {
	if status != k.status() {
		k.changes = append(k.changes, keyChange{now, status})
	}
}

// statusSeen is the key's status as somebody sees it who learns of changes
// after lag; empty where they have not heard of the key yet.
func (k *accessKey) statusSeen(now time.Time, lag time.Duration) string {
	for _, c := range slices.Backward(k.changes) {
		if c.at.IsZero() || !c.at.Add(lag).After(now) {
			return c.status
		}
	}
	return ""
}

// authenticates reports whether the key opens the service now. STS learns of
// changes sooner than the others (botocore issue 3600).
func (k *accessKey) authenticates(service string, now time.Time, propagation time.Duration) bool {
	if service == "sts" {
		propagation /= 2
	}
	return k.statusSeen(now, propagation) == active
}

// readLag is how stale the n-th read of an account is: AWS answers from several
// replicas, of which some lag.
func (a *AWS) readLag(acct *account) time.Duration {
	acct.reads++
	n := hash(acct.id, strconv.FormatUint(a.config.Seed, 10), strconv.FormatUint(acct.reads, 10))
	return a.config.Propagation * time.Duration(n%3) / 2
}

// use records that the key signed a call. IAM publishes minutes.
func (k *accessKey) use(now time.Time, service, region string, lag time.Duration) {
	u := use{KeyUse: KeyUse{At: now.Truncate(time.Minute), Service: service, Region: region}}
	if n := len(k.uses); n > 0 && k.uses[n-1] == u {
		return
	}
	k.uses = append(k.uses, u)
	if published := k.lastUsed(now, lag); published != nil && len(k.uses) > 64 {
		k.uses = slices.DeleteFunc(k.uses, func(u use) bool { return u.At.Before(published.At) })
	}
}

// lastUsed is the latest use published at now; nil where there is none.
func (k *accessKey) lastUsed(now time.Time, lag time.Duration) *KeyUse {
	for i, u := range slices.Backward(k.uses) {
		if u.seeded && !u.At.After(now) || !u.At.Add(lag).After(now) {
			return &k.uses[i].KeyUse
		}
	}
	return nil
}
