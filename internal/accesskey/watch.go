package accesskey

import (
	"time"
)

// Watch holds the moments since which something has been seen without a break,
// so that one stale read proves nothing. Zero: not seen at the last look.
type Watch struct {
	OldGone     time.Time `json:"old_gone"`
	NewGone     time.Time `json:"new_gone"`
	OldInactive time.Time `json:"old_inactive"`
	NewInactive time.Time `json:"new_inactive"`
	OldActive   time.Time `json:"old_active"`
	// OldRevived and NewRevived are when a key that had been Inactive was last
	// seen Active, too late for a stale read: somebody switched it on.
	OldRevived time.Time        `json:"old_revived"`
	NewRevived time.Time        `json:"new_revived"`
	Others     map[ID]time.Time `json:"others,omitempty"` // keys of neither, Inactive since; replaced whole
	// OldSeen and NewSeen are when it was last read where the key is used:
	// where that could be had before, a look-up that fails is waited for.
	OldSeen time.Time `json:"old_seen"`
	NewSeen time.Time `json:"new_seen"`
	// NewOurs is when our own requests were last signed with the new key: since
	// then its last use may be ours. NewTaken is the latest use of it that is
	// known to be somebody else's.
	NewOurs     time.Time `json:"new_ours"`
	NewTaken    time.Time `json:"new_taken"`
	Waiting     Reason    `json:"waiting,omitempty"`
	WaitingFrom time.Time `json:"waiting_from"` // since when it waits for Waiting
}
