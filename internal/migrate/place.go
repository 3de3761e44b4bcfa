package migrate

import "strings"

// Origin is whose network a call came from.
type Origin string

// The origins.
const (
	FromOwn       Origin = "own"       // an address or VPC endpoint of the account itself
	FromEndpoint  Origin = "endpoint"  // a VPC endpoint of another account
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

// Place is one user agent at one address: what rules are asked about.
type Place struct {
	Agent   string // as CloudTrail has it
	Network string // sourceIPAddress, or a part of it
	From    Origin
}

// said is the user agent as rules read it: in lower case, without the brackets
// that S3 puts around it.
func (p Place) said() string {
	return strings.Trim(strings.ToLower(p.Agent), "[] ")
}
