package population

import (
	"net/http"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Options say what Fill fills a simulated AWS with.
type Options struct {
	Seed     uint64
	Accounts int       // fewer than two: one account in no organization
	Users    int       // of each account
	Now      time.Time // of creation; zero: the simulated AWS's own

	Places    bool          // account 0's keys lie in functions, tasks, stores and the like
	Trail     bool          // account 0's keys that were used of late have left CloudTrail events
	LyingTags bool          // with LyingTags' user in account 0
	ReportAge time.Duration // above zero: account 0 has a credential report of that age
}

// Fill adds the accounts: account 0 at once, as the management account where
// there are others, which manages their root users' access; these when they are
// first touched. GET /_sim/truth then
// answers with what is so.
func Fill(aws *fakeaws.AWS, o Options) {
	if o.Now.IsZero() {
		o.Now = aws.Now()
	}
	first := Account(o.Seed, 0, o.Users, o.Now)
	if o.Accounts > 1 {
		first.Management, first.RootAccess = true, []string{"RootCredentialsManagement", "RootSessions"}
	}
	first.ReportAge = o.ReportAge
	if o.LyingTags {
		first.Users = append(first.Users, LyingTags(first.ID, o.Now))
	}
	if o.Places {
		putAway(&first)
	}
	if o.Trail {
		LeaveTrail(&first, o.Now)
	}
	aws.AddAccount(first)
	for index := 1; index < o.Accounts; index++ {
		aws.AddListedAccount(Card(o.Seed, index, o.Now), func() fakeaws.AccountSpec {
			return Account(o.Seed, index, o.Users, o.Now)
		})
	}
	aws.Control("GET /_sim/truth", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = TruthOf(aws).Write(w) // a caller that went away needs no answer
	})
}
