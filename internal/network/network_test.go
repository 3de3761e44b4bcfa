package network

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	known := Directory{Ranges: Published(), Owned: map[string]string{
		"203.0.113.7": "NAT gateway nat-0example", "52.0.113.9": "Elastic IP eipalloc-0example", "vpce-0own": "VPC endpoint vpce-0own",
	}}
	for source, want := range map[string]Name{
		"203.0.113.7":                  {Kind: Own, Who: "NAT gateway nat-0example"},
		"52.0.113.9":                   {Kind: Own, Who: "Elastic IP eipalloc-0example"}, // rather than AWS's
		"vpce-0own":                    {Kind: Own, Who: "VPC endpoint vpce-0own"},
		"vpce-0other":                  {Kind: Endpoint, Who: "vpce-0other"},
		"18.192.1.1":                   {Kind: AWS, Who: "AWS"},
		"3.228.39.90":                  {Kind: Runner, Who: "CircleCI"}, // rather than AWS's, where it is
		"34.199.54.113":                {Kind: Runner, Who: "Bitbucket"},
		"34.74.226.9":                  {Kind: Runner, Who: "GitLab"},
		"140.82.114.4":                 {Kind: Runner, Who: "GitHub"},
		"10.1.2.3":                     {Kind: Private},
		"172.31.0.9":                   {Kind: Private},
		"192.168.1.10":                 {Kind: Private},
		"100.64.0.1":                   {Kind: Private},
		"fd00::1":                      {Kind: Private},
		"fe80::1%eth0":                 {Kind: Private},
		"127.0.0.1":                    {Kind: Private},
		"::ffff:10.1.2.3":              {Kind: Private},
		"172.32.0.9":                   {Kind: Other},
		"100.128.0.1":                  {Kind: Other},
		"198.51.100.4":                 {Kind: Other},
		"2001:db8::1":                  {Kind: Other},
		"198.51.0.0/16":                {Kind: Other},
		"cloudformation.amazonaws.com": {Kind: Service, Who: "cloudformation.amazonaws.com"},
		"AWS Internal":                 {Kind: Service, Who: "AWS Internal"},
		"":                             {Kind: Unknown},
		"example.com":                  {Kind: Unknown},
	} {
		got := known.Name(source)
		if (got.Kind == AWS || got.Kind == Runner) && got.Source == "" {
			t.Errorf("%s: nobody says where that is from", source)
		}
		got.Source = ""
		if got != want {
			t.Errorf("%s: %+v, want %+v", source, got, want)
		}
	}
}

func TestNothingPublishedIsKnown(t *testing.T) {
	if got := (Directory{}).Name("18.192.1.1"); got.Kind != Other {
		t.Error(got)
	}
}

func TestPublishedIsSourced(t *testing.T) {
	r := Published()
	if len(r.rows) < 300 || r.aws == "" {
		t.Error(len(r.rows), r.aws)
	}
	for prefix, name := range r.rows {
		if name.Source == "" || name.Who == "" {
			t.Errorf("%s: %+v", prefix, name)
		}
	}
}

const newer = `{"syncToken": "1", "createDate": "2026-11-20-01-02-03", "prefixes": [
 {"ip_prefix": "18.192.0.0/15", "region": "eu-central-1", "service": "AMAZON", "network_border_group": "eu-central-1"},
 {"ip_prefix": "18.192.0.0/15", "region": "eu-central-1", "service": "EC2", "network_border_group": "eu-central-1"},
 {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "AMAZON", "network_border_group": "eu-west-1"}],
 "ipv6_prefixes": [{"ipv6_prefix": "2001:db8:aaaa::/48", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"}]}`

func TestRefresh(t *testing.T) {
	r := Published()
	if err := r.Refresh("ip-ranges.json", strings.NewReader(newer)); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh("meta", strings.NewReader(`{"web": ["192.0.2.0/24"], "actions": ["203.0.113.0/24", "2001:db8:bbbb::/48"]}`)); err != nil {
		t.Fatal(err)
	}
	d := Directory{Ranges: r}
	from := "ip-ranges.json 2026-11-20-01-02-03"
	for source, want := range map[string]Name{
		"18.192.1.1":       {Kind: AWS, Region: "eu-central-1", Service: "EC2", Source: from},
		"198.51.100.4":     {Kind: AWS, Region: "eu-west-1", Service: "AMAZON", Source: from},
		"2001:db8:aaaa::1": {Kind: AWS, Region: "us-east-1", Service: "EC2", Source: from},
		"3.8.0.1":          {Kind: Other}, // no longer AWS's
		"203.0.113.9":      {Kind: Runner, Who: "GitHub", Source: "meta"},
		"2001:db8:bbbb::1": {Kind: Runner, Who: "GitHub", Source: "meta"},
		"140.82.114.4":     {Kind: Other},
	} {
		if got := d.Name(source); got != want {
			t.Errorf("%s: %+v, want %+v", source, got, want)
		}
	}
}

func TestRefreshRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"prefixes": [{"ip_prefix": "nonsense"}]}`, `{"actions": ["nonsense"]}`} {
		if err := Published().Refresh("x", strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken for ranges", text)
		}
	}
}

func TestBlock(t *testing.T) {
	for source, want := range map[string]string{
		"198.51.100.4": "198.51.0.0/16", "198.51.0.0/16": "198.51.0.0/16", "2001:db8:aaaa::1": "2001:db8::/32", "vpce-0a": "vpce-0a", "AWS Internal": "AWS Internal",
	} {
		if got := Block(source); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}
