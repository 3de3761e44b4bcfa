package accesskey

import (
	"time"
)

// Reservation asks the journal to draw on a budget in the transaction of a
// replacement.
type Reservation struct {
	Budget string    // "account 123456789012"
	Limit  int       // refused where so many are drawn already
	Since  time.Time // zero: live records count; else draws since then, of ended records too
	Until  time.Time // with Since: when it begins anew; zero: not known
}

// Reserved is a draw on a budget.
type Reserved struct {
	Budget string    `json:"budget"`
	At     time.Time `json:"at"`
}
