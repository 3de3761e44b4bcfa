package inventory

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// joinKeys makes a user's keys from a live listing, which tells everything but
// the last use; that comes from the report's slots where they can be told
// apart. pending are the keys whose last use must be asked for: those without a
// slot, and all of them where the report isn't fresh.
//
// Slots are matched by last_rotated == CreateDate, never by their place. Two
// keys created in the same second are told apart only by asking, unless both
// slots say the same.
func joinKeys(listed []awsapi.ListedKey, listedAt time.Time, slots []ReportKey, reportAt time.Time, fresh bool) (keys []accesskey.Key, pending []int) {
	for _, l := range listed {
		keys = append(keys, accesskey.Key{
			ID:       listedFact(l.ID, listedAt),
			Status:   listedFact(l.Status, listedAt),
			Created:  listedFact(l.Created, listedAt),
			LastUsed: accesskey.Unread[accesskey.LastUse]("not asked for"),
		})
	}
	sortKeys(keys)
	for i := range keys {
		created, _ := keys[i].Created.Get()
		use, ok := slotUse(slots, created, countCreated(listed, created))
		if ok {
			keys[i].LastUsed = accesskey.Observed(use, reportAt, fromReport)
		}
		if !ok || !fresh {
			pending = append(pending, i)
		}
	}
	return keys, pending
}

// listedFact is known where the listing said anything.
func listedFact[T comparable](v T, at time.Time) accesskey.Fact[T] {
	var nothing T
	if v == nothing {
		return accesskey.Unread[T](fromKeys + " doesn't say")
	}
	return accesskey.Observed(v, at, fromKeys)
}

func countCreated(listed []awsapi.ListedKey, created time.Time) int {
	n := 0
	for _, l := range listed {
		if l.Created.Equal(created) {
			n++
		}
	}
	return n
}

// slotUse returns the last use of a key created at that moment, where exactly
// as many slots as keys were, and all say the same.
func slotUse(slots []ReportKey, created time.Time, keys int) (use accesskey.LastUse, ok bool) {
	if created.IsZero() {
		return accesskey.LastUse{}, false
	}
	found := 0
	for _, slot := range slots {
		if !slot.Rotated.Equal(created.Truncate(time.Second)) {
			continue
		}
		if slot.Used == NotSaid || found > 0 && slot.use() != use {
			return accesskey.LastUse{}, false
		}
		use = slot.use()
		found++
	}
	return use, found == keys
}
