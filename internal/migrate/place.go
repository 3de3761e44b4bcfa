package migrate

import (
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/useragent"
)

// Origin is whose network a call came from.
type Origin string

// The origins.
const (
	FromOwn       Origin = "own"       // an address or VPC endpoint of the account itself
	FromEndpoint  Origin = "endpoint"  // a VPC endpoint that is not the account's own
	FromAWS       Origin = "aws"       // AWS's ranges; whether the account's own address is not known
	FromStranger  Origin = "stranger"  // AWS's ranges, and none of the account's own addresses, which were read
	FromService   Origin = "service"   // an AWS service called on the user's behalf
	FromGitHub    Origin = "github"    // runners of GitHub
	FromGitLab    Origin = "gitlab"    // … of GitLab.com
	FromCircleCI  Origin = "circleci"  // … of CircleCI
	FromBitbucket Origin = "bitbucket" // … of Bitbucket Pipelines
	FromPrivate   Origin = "private"   // a private address; through whose VPC endpoint is not known
	FromOther     Origin = "other"     // any other address
)

// Place is one program at one address: what rules are asked about.
type Place struct {
	Agent   useragent.Agent
	Network string // sourceIPAddress, or a part of it
	From    Origin
}

// runners are CI services by the names that their addresses have.
var runners = map[string]Origin{"GitHub": FromGitHub, "GitLab": FromGitLab, "CircleCI": FromCircleCI, "Bitbucket": FromBitbucket}

// OriginOf is whose network a named source is. owned says that the account's own
// addresses and endpoints were read, so that what is not among them is not its
// own.
func OriginOf(n network.Name, owned bool) Origin {
	switch n.Kind {
	case network.Own:
		return FromOwn
	case network.Endpoint:
		if owned {
			return FromEndpoint
		}
		return FromAWS
	case network.AWS:
		if owned {
			return FromStranger
		}
		return FromAWS
	case network.Service:
		return FromService
	case network.Private:
		return FromPrivate
	case network.Runner:
		if runner, ok := runners[n.Who]; ok {
			return runner
		}
	}
	return FromOther
}
