// Package inventory observes: it collects every IAM user of an account and
// every access key, with how fresh each fact is. It reads AWS through awsapi
// alone, changes nothing there, and judges nothing: what could not be read
// stays unknown and is listed, never guessed.
package inventory

import (
	"context"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// IDs says for which keys the ID is looked up, which the credential report
// doesn't have.
type IDs string

// The choices of --ids.
const (
	IDsForFindings IDs = "findings" // for the users that Options.Wanted names
	IDsForAll      IDs = "all"      // for every user who has keys
	IDsForNone     IDs = "none"     // for nobody: only users whom the report doesn't show are looked up
)

// DefaultConcurrency is how many look-ups are under way at once. The rate
// within it is AWS's to say: see awsapi.
const DefaultConcurrency = 50

// Options say how much to look at.
type Options struct {
	IDs  IDs  // empty: IDsForFindings
	Live bool // list every user's keys live and use no credential report

	// Wanted names the users whose keys must be looked up live, judging by
	// what is known so far. It is asked again after each round of look-ups,
	// until it names nobody new. It must keep nothing of its argument.
	Wanted func(accesskey.Inventory) []string

	Concurrency int            // look-ups at once; 0: DefaultConcurrency
	Progress    func(Progress) // is told how far it is, never by two at once; may be nil
}

// Phase is what Collect is busy with.
type Phase string

// The phases; the first two run at the same time.
const (
	PhaseReport Phase = "credential report"
	PhaseUsers  Phase = "users"
	PhaseKeys   Phase = "keys"
)

// Progress tells how far a phase is.
type Progress struct {
	Phase Phase
	Done  int
	Total int // 0: not known yet
}

// Collect observes one account. It returns an error only where not even the
// users could be read or ctx ended; whatever else fails is in the inventory's
// Failures, and what depends on it is unknown.
func Collect(ctx context.Context, session *awsapi.Session, o Options) (accesskey.Inventory, error) {
	c := &collector{session: session, options: o, began: time.Now(), told: make(map[Phase]int)}
	seen := c.gather(ctx)
	if err := ctx.Err(); err != nil {
		return accesskey.Inventory{}, err
	}
	if err := seen.nothing(); err != nil {
		return accesskey.Inventory{}, err
	}
	c.account, c.reportAt, c.reportFresh = seen.account(), seen.report.at, seen.report.fresh
	users := c.join(seen)
	judge := newPrivilegeJudge(seen)
	for _, u := range users {
		u.noteDetails(seen, judge)
	}
	inv := accesskey.Inventory{Account: c.account, Root: seen.root(), Groups: seen.groupFact(), CredentialReport: seen.reportFact(o.Live)}
	users = c.lookUp(ctx, users, inv)
	if err := ctx.Err(); err != nil {
		return accesskey.Inventory{}, err
	}
	inv.ObservedAt = session.Now()
	inv.Users = plainUsers(users)
	inv.Failures = c.failures.list(c.account.ID)
	return inv, nil
}

// collector is one run of Collect.
type collector struct {
	session  *awsapi.Session
	options  Options
	began    time.Time // by the host's clock
	account  accesskey.Account
	failures failures

	reportAt    time.Time // zero: none is used
	reportFresh bool      // made during this run

	progressLock sync.Mutex
	told         map[Phase]int // how far each phase was said to be
}

func (c *collector) progress(phase Phase, done, total int) {
	if c.options.Progress == nil {
		return
	}
	c.progressLock.Lock()
	defer c.progressLock.Unlock()
	if done < c.told[phase] { // overtaken by a call that ended later
		return
	}
	c.told[phase] = done
	c.options.Progress(Progress{phase, done, total})
}
