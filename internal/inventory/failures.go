package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// alikeShown is how many failures of one call and class are listed by user.
// The rest are counted in one line: a denied action would list every user.
const alikeShown = 20

// failures collects what could not be read. It is safe for concurrent use.
type failures struct {
	lock sync.Mutex
	all  []accesskey.Failure
}

// add notes errors about one user, or, with no user, about the account. Nil
// errors are none.
func (f *failures) add(user string, errs ...error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, err := range errs {
		if err != nil {
			f.all = append(f.all, awsapi.NewFailure("", user, err))
		}
	}
}

// list returns the failures in order of call and user, those beyond alikeShown
// summed up.
func (f *failures) list(account string) []accesskey.Failure {
	f.lock.Lock()
	defer f.lock.Unlock()
	slices.SortStableFunc(f.all, func(a, b accesskey.Failure) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Class, b.Class), cmp.Compare(a.User, b.User))
	})
	var shown []accesskey.Failure
	for alike := range slices.Values(alikeFailures(f.all)) {
		if len(alike) > alikeShown+1 {
			rest := alike[alikeShown]
			rest.User = ""
			rest.Err = fmt.Sprintf("%d more users: %s", len(alike)-alikeShown, rest.Err)
			alike = append(slices.Clone(alike[:alikeShown]), rest)
		}
		shown = append(shown, alike...)
	}
	for i := range shown {
		shown[i].Account = account
	}
	return shown
}

// alikeFailures cuts the sorted list where call or class change.
func alikeFailures(all []accesskey.Failure) [][]accesskey.Failure {
	var groups [][]accesskey.Failure
	for i, failure := range all {
		if i == 0 || failure.Call != all[i-1].Call || failure.Class != all[i-1].Class {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], failure)
	}
	return groups
}
