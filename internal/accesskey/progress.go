package accesskey

import (
	"time"
)

// Claim is what was written down before CreateAccessKey.
type Claim struct {
	Token string `json:"token"` // travels in the user agent and the user's tag
	// Former are the tokens of this record's earlier claims: a request made
	// under one of them may still have made a key.
	Former []string  `json:"former,omitempty"`
	Read   time.Time `json:"read"` // the first of the two readings; zero: none yet
	At     time.Time `json:"at"`   // the second, agreeing one; zero: not claimed
	Keys   []ID      `json:"keys"` // every key of the user at Read, sorted
	// Tagged is when our tag was written; zero: not (yet).
	Tagged time.Time `json:"tagged"`
	// Untaggable says that tagging was denied: exclusion between journals is
	// not guaranteed.
	Untaggable bool `json:"untaggable,omitempty"`
	// Waited is what the claim before this one waited for when it was made anew,
	// and WaitedFrom since when: a claim does not last, and a wait goes on.
	Waited     Reason    `json:"waited,omitempty"`
	WaitedFrom time.Time `json:"waited_from"`
}

// Proof is a run of consecutive successes as a key.
type Proof struct {
	First  time.Time `json:"first"` // of the run
	Last   time.Time `json:"last"`
	Tried  time.Time `json:"tried"` // the latest round, successful or not
	Count  int       `json:"count"`
	Passed time.Time `json:"passed"`          // when the run was long enough; zero: not yet
	Error  string    `json:"error,omitempty"` // of the latest round that failed, until Passed; never holds a secret
}

// Delivery is one destination getting the new key.
type Delivery struct {
	Destination string    `json:"destination"`        // Destination.Name
	Expect      string    `json:"expect"`             // the version our next write expects there
	Previous    string    `json:"previous,omitempty"` // what stood there, sealed
	Done        time.Time `json:"done"`               // when it got the new key; zero: not yet
	Version     string    `json:"version,omitempty"`  // what our write made
	ReadBack    time.Time `json:"read_back"`          // when the new key was last read there; zero: never (or unreadable)
	Tries       int       `json:"tries"`
	Tried       time.Time `json:"tried"`           // the latest try
	Error       string    `json:"error,omitempty"` // of the last try; never holds a secret
	Restored    time.Time `json:"restored"`        // in a rollback
	Dropped     bool      `json:"dropped,omitempty"`
}

// Exit is how a key leaves.
type Exit struct {
	Deactivated time.Time `json:"deactivated"` // our own recorded deactivation; zero: none
	Theirs      time.Time `json:"theirs"`      // somebody else switched it off: first continuous sighting
	// KnownUse is the latest use known when it was switched off. A later one
	// shows that the silence claimed was none.
	KnownUse    time.Time `json:"known_use"`
	Ordered     bool      `json:"ordered,omitempty"` // no silence was claimed: a person's order
	Reactivated time.Time `json:"reactivated"`
	Deleted     time.Time `json:"deleted"`
}

// Inactive is since when the key has been Inactive as far as we can prove; zero
// where we can't.
func (e Exit) Inactive() time.Time {
	if !e.Deactivated.IsZero() {
		return e.Deactivated
	}
	return e.Theirs
}
