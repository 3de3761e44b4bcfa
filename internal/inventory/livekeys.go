package inventory

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// joinKeys makes a user's keys from a live listing, which tells everything but
// the last use; that comes from the report's slots where they can be told
// apart. pending are the keys whose last use must be asked for.
//
// Slots are matched by last_rotated == CreateDate, never by their place. Two
// keys created in the same second are told apart only by asking, unless both
// slots say the same.
func joinKeys(listed []awsapi.ListedKey, listedAt time.Time, slots []ReportKey, reportAt time.Time) (keys []accesskey.Key, pending []int) {
	for _, l := range listed {
		keys = append(keys, accesskey.Key{
			ID:       accesskey.Observed(l.ID, listedAt, fromKeys),
			Status:   accesskey.Observed(l.Status, listedAt, fromKeys),
			Created:  accesskey.Observed(l.Created, listedAt, fromKeys),
			LastUsed: accesskey.Unread[accesskey.LastUse]("not asked for"),
		})
	}
	sortKeys(keys)
	for i := range keys {
		created, _ := keys[i].Created.Get()
		if use, ok := slotUse(slots, created, countCreated(listed, created)); ok {
			keys[i].LastUsed = accesskey.Observed(use, reportAt, fromReport)
		} else {
			pending = append(pending, i)
		}
	}
	return keys, pending
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
	found := 0
	for _, slot := range slots {
		if !slot.Rotated.Equal(created.Truncate(time.Second)) {
			continue
		}
		if found > 0 && slot.use() != use {
			return accesskey.LastUse{}, false
		}
		use = slot.use()
		found++
	}
	return use, found == keys
}
