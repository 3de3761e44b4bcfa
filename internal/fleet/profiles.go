package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// Profiles is accounts entered by profiles of the AWS configuration.
type Profiles struct {
	Names []string
	Open  func(context.Context, string) (*awsapi.Session, error) // opens a session of a profile
}

// Roster asks STS for each profile's account (sts:GetCallerIdentity). Two
// profiles of one account are visited once, by the first. A profile that gives
// no session is among the missing.
func (p Profiles) Roster(ctx context.Context) Roster {
	sessions, errs := make([]*awsapi.Session, len(p.Names)), make([]error, len(p.Names))
	var openers sync.WaitGroup
	for i, name := range p.Names {
		openers.Go(func() {
			if sessions[i], errs[i] = p.Open(ctx, name); errs[i] == nil {
				_, errs[i] = sessions[i].Identity(ctx)
			}
		})
	}
	openers.Wait()
	var r Roster
	seen := map[string]bool{}
	for i, name := range p.Names {
		if errs[i] != nil {
			r.Missing = append(r.Missing, awsapi.NewFailure("profile "+name, "", errs[i]))
			continue
		}
		who, err := sessions[i].Identity(ctx) // remembered
		if err != nil || seen[who.Account] {
			r.Excluded++
			continue
		}
		seen[who.Account] = true
		r.Members = append(r.Members, Member{
			Account: accesskey.Account{ID: who.Account, Partition: who.Partition},
			open:    func(context.Context) (*awsapi.Session, error) { return sessions[i], nil },
		})
	}
	slices.SortFunc(r.Members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return r
}

// Check refuses a list that makes no sense.
func (p Profiles) Check() error {
	for i, name := range p.Names {
		if name == "" || slices.Contains(p.Names[:i], name) {
			return fmt.Errorf("profile %q is named twice or empty", name)
		}
	}
	return nil
}
