package usage

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/useragent"
)

// Sharing is two places that can't well be the same consumer.
type Sharing struct {
	One, Other Spot
}

// sharedWithin is how lately both places must have been used.
const sharedWithin = 30 * 24 * time.Hour

// Shared finds two places that show that a key is in the hands of two consumers;
// nil: none do. It rather misses one than names one wrongly. Two places count
// where all of this holds:
//
//   - both were used on two days or more, lately, and each between the other's
//     first and last use or the other way round: a consumer that moved is one;
//   - their networks are unrelated: what belongs to the account, AWS's ranges,
//     VPC endpoints and private networks may all be one party's; each CI service
//     is a party, and so is each block of public addresses;
//   - neither is an AWS service that called for somebody, nor Keytend;
//   - unless one of them is a CI service's, they are different machines by what
//     their programs say: other systems, or other of AWS's runtimes. One laptop
//     has many networks and programs.
func Shared(spots []Spot, now time.Time) *Sharing {
	for i := range spots {
		for j := i + 1; j < len(spots); j++ {
			if a, b := spots[i], spots[j]; counts(a, now) && counts(b, now) && together(a, b) && unrelated(a, b) && strangers(a, b) {
				return &Sharing{a, b}
			}
		}
	}
	return nil
}

func counts(s Spot, now time.Time) bool {
	if s.Network.Kind == network.Service || s.Network.Kind == network.Unknown || s.Own() {
		return false
	}
	return len(s.Days) >= 2 && now.Sub(s.Last) <= sharedWithin
}

func together(a, b Spot) bool { return a.First.Before(b.Last) && b.First.Before(a.Last) }

// unrelated reports whether two networks can't be one party's.
func unrelated(a, b Spot) bool { return owner(a) != owner(b) }

func owner(s Spot) string {
	switch s.Network.Kind {
	case network.Own, network.AWS, network.Endpoint, network.Private:
		return "may be the account's"
	case network.Runner:
		return "runner " + s.Network.Who
	}
	return "block " + network.Block(s.Sources[0])
}

func strangers(a, b Spot) bool {
	if a.Network.Kind == network.Runner || b.Network.Kind == network.Runner {
		return true
	}
	if a.Agent.Runtime != b.Agent.Runtime {
		return true
	}
	one, other := machine(a.Agent), machine(b.Agent)
	return one != "" && other != "" && one != other
}

// machine is the system of the machine, not of what it runs inside itself; empty:
// not known.
func machine(a useragent.Agent) useragent.System {
	switch a.Host {
	case useragent.WSL:
		return useragent.Windows
	case useragent.DockerDesktop:
		return ""
	}
	return a.System
}

// Why says it in one sentence.
func (s Sharing) Why() string {
	return fmt.Sprintf("it is used by %s %s and by %s %s, networks that have nothing to do with each other, at the same time",
		s.One.Agent, s.One.Where(), s.Other.Agent, s.Other.Where())
}
