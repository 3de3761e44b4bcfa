package policy

import (
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// RootKeysInUse says why the root user's keys are not to be deleted without a
// person's own word: one was used within a span, or made within it and not used
// yet, or it isn't known that none was; empty: nobody would miss them. A key that
// is off is missed by nobody.
func RootKeysInUse(keys []accesskey.Key, within time.Duration, now time.Time) string {
	var reasons []string
	for _, k := range keys {
		id, _ := k.ID.Get()
		status, known := k.Status.Get()
		use, told := k.LastUsed.Get()
		switch {
		case known && (status == accesskey.Inactive || status == accesskey.Expired):
		case !told:
			reasons = append(reasons, "whether "+string(id)+" is in use is not known: "+k.LastUsed.Why())
		case use.Never():
			reasons = append(reasons, newRootKey(k, id, within, now)...)
		case now.Sub(use.At) <= within:
			reasons = append(reasons, string(id)+" was used "+about(max(0, now.Sub(use.At)))+" ago for "+use.Service)
		}
	}
	return strings.Join(reasons, "; ")
}

// newRootKey judges a key that was never used by when it was made: whoever made it
// may be about to use it.
func newRootKey(k accesskey.Key, id accesskey.ID, within time.Duration, now time.Time) []string {
	created, known := k.Created.Get()
	switch {
	case !known || created.IsZero():
		return []string{string(id) + " was never used, and when it was made is not known"}
	case now.Sub(created) <= within:
		return []string{string(id) + " was made " + about(max(0, now.Sub(created))) + " ago and not used yet"}
	}
	return nil
}
