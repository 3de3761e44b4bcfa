// Package network names the addresses that calls came from: the account's own,
// AWS's, a CI service's runners, private ones, others. What it knows of AWS and
// of CI services is what they publish, with the day on which it was taken.
//
// It resolves nothing, asks nobody, and never takes an address that it doesn't
// know for anybody's.
package network

import (
	"net/netip"
	"strings"
)

// Kind is whose an address is, as far as it can be told.
type Kind string

// The kinds.
const (
	Own      Kind = "own"      // an Elastic IP, NAT gateway or VPC endpoint of the account
	Endpoint Kind = "endpoint" // a VPC endpoint, nobody knows whose
	AWS      Kind = "aws"      // in AWS's ranges: somebody's machine or function there
	Service  Kind = "service"  // no address: an AWS service called for somebody
	Runner   Kind = "runner"   // of a CI service that publishes its addresses
	Private  Kind = "private"  // RFC 1918, RFC 6598, RFC 4193, and the machine itself
	Other    Kind = "other"    // a public address of somebody
	Unknown  Kind = "unknown"  // none was recorded, or it makes no sense
)

// Name is what is known about one source of calls.
type Name struct {
	Kind    Kind
	Who     string // "NAT gateway nat-0abc", "CircleCI", "cloudformation.amazonaws.com"; may be empty
	Region  string // of an AWS range, where its source says: eu-central-1
	Service string // of an AWS range, where its source says: EC2, CLOUDFRONT
	Source  string // the document and its day; empty: it follows from the address itself
}

// Directory is what a source of calls is looked up in. The zero Directory knows
// what follows from addresses themselves.
type Directory struct {
	Ranges *Ranges           // nil: nothing published is known
	Owned  map[string]string // the account's own addresses and VPC endpoints, with what each is
}

// Name says whose a source is, as CloudTrail writes it (sourceIPAddress or
// vpcEndpointId), or as usage folds it: a prefix.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func (d Directory) Name(source string) Name {
	if what, ours := d.Owned[source]; ours {
		return Name{Kind: Own, Who: what}
	}
	if strings.HasPrefix(source, "vpce-") {
		return Name{Kind: Endpoint, Who: source}
	}
	addr, ok := parse(source)
	switch {
	case !ok:
		return notAddress(source)
	case private(addr):
		return Name{Kind: Private}
	}
	if name, known := d.Ranges.find(addr); known {
		return name
	}
	return Name{Kind: Other}
}

// notAddress names what stands where an address should: AWS's services go by
// their names, some of its own calls by "AWS Internal".
func notAddress(source string) Name {
	if strings.HasSuffix(source, ".amazonaws.com") || strings.HasSuffix(source, ".amazonaws.com.cn") || strings.EqualFold(source, "AWS Internal") {
		return Name{Kind: Service, Who: source}
	}
	return Name{Kind: Unknown}
}

// parse reads an address, or the first of a prefix.
func parse(source string) (netip.Addr, bool) {
	if prefix, err := netip.ParsePrefix(source); err == nil {
		return prefix.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(source)
	return addr.Unmap().WithZone(""), err == nil
}

// shared is RFC 6598's: between a carrier's customers and its own routers.
var shared = netip.MustParsePrefix("100.64.0.0/10")

func private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a)
}

// Anywhere is the network of calls from more networks than are told apart.
const Anywhere = "0.0.0.0/0"

// Block is the network that an address is taken to be a part of, so that two
// addresses of one block are not taken for two networks: /16 of IPv4, /32 of
// IPv6, which is what providers are given. What is no address is its own block.
func Block(source string) string {
	addr, ok := parse(source)
	if !ok {
		return source
	}
	bits := 16
	if addr.Is6() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}
