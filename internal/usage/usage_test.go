package usage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/network"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	laptop    = "aws-cli/2.15.0 os/macos#23.1.0 lang/python#3.11.6"
	windows   = "aws-cli/2.15.0 os/windows#10 lang/python#3.11.6"
	onWSL     = "aws-cli/2.13.25 Python/3.11.5 Linux/5.15.133.1-microsoft-standard-WSL2"
	inDocker  = "aws-cli/2.11.0 Python/3.11.2 Linux/6.4.16-linuxkit"
	server    = "Boto3/1.34.0 os/linux#5.14.0-362.el9.x86_64 lang/python#3.9.18"
	onLambda  = "Boto3/1.34.0 os/linux#6.1 lang/python#3.13 exec-env/AWS_Lambda_python3.13"
	itself    = "aws-sdk-go-v2/1.47.7 os/linux lang/go#1.26 app/keytend-1.2.3"
	home      = "198.51.100.7"
	office    = "203.0.113.9"
	inAWS     = "18.192.1.1"
	atCircle  = "3.228.39.90"
	inPrivate = "10.1.2.3"
)

// seen are calls at the same time of so many days, the last one some days ago.
func seen(source, agent string, daysAgo, days int) []Event {
	var events []Event
	for day := range days {
		at := noon.AddDate(0, 0, -daysAgo-day)
		events = append(events, Event{ID: fmt.Sprint(source, agent, at), At: at, Source: source, Agent: agent, What: What{"ec2.amazonaws.com", "DescribeInstances", "eu-central-1"}})
	}
	return events
}

// proven is seen by Keytend's own calls.
func proven(source string, daysAgo, days int) []Event {
	events := seen(source, itself, daysAgo, days)
	for i := range events {
		events[i].What = What{"sts.amazonaws.com", "GetCallerIdentity", "eu-central-1"}
	}
	return events
}

func tallied(lists ...[]Event) []Use {
	var t Tally
	for _, list := range lists {
		for _, e := range list {
			t.Add(e)
		}
	}
	return t.Uses()
}

var published = network.Directory{Ranges: network.Published()}

func TestShared(t *testing.T) {
	for name, c := range map[string]struct {
		one, other []Event
		want       bool
	}{
		"a laptop and a server elsewhere":       {seen(home, laptop, 1, 10), seen(office, server, 2, 10), true},
		"a laptop and a Lambda function":        {seen(home, laptop, 1, 10), seen(inAWS, onLambda, 2, 10), true},
		"a laptop and CI":                       {seen(home, laptop, 1, 10), seen(atCircle, laptop, 2, 10), true},
		"a laptop at home and in the office":    {seen(home, laptop, 1, 10), seen(office, laptop, 2, 10), false},
		"a laptop with another program":         {seen(home, laptop, 1, 10), seen(office, "Boto3/1.34 os/macos#23 lang/python#3.12", 2, 10), false},
		"Windows and its Linux":                 {seen(home, windows, 1, 10), seen(office, onWSL, 2, 10), false},
		"a laptop and a container on it":        {seen(home, laptop, 1, 10), seen(office, inDocker, 2, 10), false},
		"two in AWS":                            {seen(inAWS, server, 1, 10), seen(inPrivate, onLambda, 2, 10), false},
		"one block of addresses":                {seen(home, laptop, 1, 10), seen("198.51.7.7", server, 2, 10), false},
		"once elsewhere":                        {seen(home, laptop, 1, 10), seen(office, server, 2, 1), false},
		"one after the other: it has moved":     {seen(home, laptop, 20, 5), seen(office, server, 1, 5), false},
		"long ago":                              {seen(home, laptop, 40, 10), seen(office, server, 41, 10), false},
		"keytend beside its owner":              {seen(home, laptop, 1, 10), proven(office, 2, 10), false},
		"one who calls itself keytend":          {seen(home, laptop, 1, 10), seen(office, itself, 2, 10), true},
		"an AWS service for somebody":           {seen(home, laptop, 1, 10), seen("cloudformation.amazonaws.com", "cloudformation.amazonaws.com", 2, 10), false},
		"a program that doesn't say its system": {seen(home, laptop, 1, 10), seen(office, "acme/1", 2, 10), false},
	} {
		got := Shared(Spots(tallied(c.one, c.other), published), noon)
		if (got != nil) != c.want {
			t.Errorf("%s: %v, want %v", name, got != nil, c.want)
		}
		if got != nil && !strings.Contains(got.Why(), "at the same time") {
			t.Error(got.Why())
		}
	}
}

func TestSentences(t *testing.T) {
	denied := seen(home, laptop, 0, 2)
	for i := range denied {
		denied[i].Error, denied[i].What = "UnauthorizedOperation", What{"ec2.amazonaws.com", "RunInstances", "eu-west-1"}
	}
	session := seen(inPrivate, server, 3, 1)
	session[0].What = What{"sts.amazonaws.com", "GetSessionToken", "us-east-1"}
	for want, list := range map[string][]Event{
		"A Python program (boto3) on Red Hat Linux uses it from 203.0.113.9 for ec2 in eu-central-1: 1 call, last 2026-11-23 12:00 UTC (just now).":                                                                                                     seen(office, server, 0, 1),
		"The AWS CLI 2 on macOS uses it from 198.51.100.7 for ec2 in eu-west-1: 2 calls on 2 days since 2026-11-22, last 2026-11-23 12:00 UTC (just now), all of them denied.":                                                                          denied,
		"A Python program (boto3) in AWS Lambda uses it from AWS (18.192.1.1) for ec2 in eu-central-1: 12 calls on 12 days since 2026-11-02, last 2026-11-13 12:00 UTC (10 days ago).":                                                                  seen(inAWS, onLambda, 10, 12),
		"Keytend on Linux uses it from 198.51.100.7 for ec2 in eu-central-1: 1 call, last 2026-11-22 12:00 UTC (24 hours ago).":                                                                                                                         seen(home, itself, 1, 1),
		"A program that doesn't say what it is uses it from CircleCI (3.228.39.90) for ec2 in eu-central-1: 1 call, last 2026-11-22 12:00 UTC (24 hours ago).":                                                                                          seen(atCircle, "", 1, 1),
		"A Python program (boto3) on Red Hat Linux uses it from a private network (10.1.2.3) for sts in us-east-1: 1 call, last 2026-11-20 12:00 UTC (3 days ago). It makes temporary credentials from the key, whose calls are not seen under its ID.": session,
	} {
		spots := Spots(tallied(list), published)
		if len(spots) != 1 || spots[0].Sentence(noon) != want {
			t.Errorf("got  %q\nwant %q", spots[0].Sentence(noon), want)
		}
	}
}

func TestAnswer(t *testing.T) {
	used := func(at time.Time, service, region string) accesskey.Fact[accesskey.LastUse] {
		return accesskey.Observed(accesskey.LastUse{At: at, Service: service, Region: region}, noon, "iam:GetAccessKeyLastUsed")
	}
	ago := func(days int) time.Time { return noon.AddDate(0, 0, -days) }
	for name, c := range map[string]struct {
		last  accesskey.Fact[accesskey.LastUse]
		uses  []Use
		data  bool
		head  string
		blind string // empty: nothing may be said
	}{
		"never used":           {used(time.Time{}, "", ""), nil, false, "was never used, as far as AWS knows", ""},
		"not lately":           {used(ago(200), "ec2", "us-east-1"), nil, false, "was not used in the last 90 days: AWS knows of its last use", "Management events alone"},
		"objects":              {used(ago(1), "s3", "eu-west-1"), nil, false, "and nobody saw by what", "don't show reads and writes of S3 objects"},
		"objects, and seen":    {used(ago(1), "s3", "eu-west-1"), nil, true, "and nobody saw by what", ""},
		"elsewhere":            {used(ago(1), "ec2", "eu-west-1"), tallied(seen(home, laptop, 5, 3)), false, "was used in one place", "look in that region too (--regions eu-west-1)"},
		"seen":                 {used(ago(5), "ec2", "eu-central-1"), tallied(seen(home, laptop, 5, 3)), false, "was used in one place", "Management events alone"},
		"unread":               {accesskey.Unread[accesskey.LastUse]("denied"), nil, false, "No use of key", "When it was last used is not known: denied"},
		"keytend alone, seen":  {used(ago(5), "ec2", "eu-central-1"), tallied(proven(home, 5, 3)), false, "and nobody saw by what", "Management events alone"},
		"who says keytend":     {used(ago(5), "ec2", "eu-central-1"), tallied(seen(home, itself, 5, 3)), false, "was used in one place", "Management events alone"},
		"too long ago to tell": {used(ago(5), "ec2", "eu-central-1"), tallied(seen(home, laptop, 5, 3), seen(office, server, 200, 3)), false, "was used in one place", "Management events alone"},
	} {
		e := Evidence{Account: "123456789012", User: "worker", Key: "AKIAIOSFODNN7EXAMPLE", LastUsed: c.last, From: ago(90), To: noon, Uses: c.uses, DataSeen: c.data, Network: published}
		a := e.Answer()
		if !strings.Contains(a.Head, c.head) {
			t.Errorf("%s: %s", name, a.Head)
		}
		if blind := strings.Join(a.Blind, "\n"); c.blind == "" && blind != "" || !strings.Contains(blind, c.blind) {
			t.Errorf("%s: %s", name, blind)
		}
	}
}

func TestRest(t *testing.T) {
	for want, days := range map[int]Days{0: {5}, 2: {5, 6, 9, 10}} {
		if got := days.Rest(); got != want {
			t.Errorf("%v: %d, want %d", days, got, want)
		}
	}
	if (Days{}).Rest() != 0 || (Days{5, 6, 7}).Rest() != 0 {
		t.Error("a rest where there is none")
	}
}

func TestDaysAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d Days
		for _, day := range rapid.SliceOf(rapid.Int32Range(0, 40000)).Draw(t, "days") {
			d = d.And(Days{day})
		}
		back, err := ParseDays(d.String())
		if diff := cmp.Diff(d, back); err != nil || diff != "" && len(d) > 0 {
			t.Fatal(err, diff)
		}
	})
	for _, text := range []string{"x", "5-", "7-5", "5,5", "6,5", "1-999999999"} {
		if _, err := ParseDays(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// However events are split among tallies that are put together, the sums are
// those of one tally.
func TestSumsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole, one, other, both Tally
		n := rapid.IntRange(1, 60).Draw(t, "events")
		for i := range n {
			e := Event{
				ID: fmt.Sprint(i), At: noon.Add(-time.Duration(rapid.IntRange(0, 100000).Draw(t, "at")) * time.Second),
				Source: rapid.SampledFrom([]string{home, office, "AWS Internal"}).Draw(t, "source"), Agent: rapid.SampledFrom([]string{laptop, server}).Draw(t, "agent"),
				What: What{"ec2.amazonaws.com", rapid.SampledFrom([]string{"A", "B"}).Draw(t, "action"), "us-east-1"}, Error: rapid.SampledFrom([]string{"", "AccessDenied"}).Draw(t, "error"),
			}
			whole.Add(e)
			if rapid.Bool().Draw(t, "part") {
				one.Add(e)
			} else {
				other.Add(e)
			}
		}
		for _, u := range append(one.Uses(), other.Uses()...) {
			both.Sum(u)
		}
		if diff := cmp.Diff(whole.Uses(), both.Uses()); diff != "" {
			t.Fatal(diff)
		}
		for _, u := range whole.Uses() {
			both.Widen(u) // the same events again
		}
		if diff := cmp.Diff(whole.Uses(), both.Uses()); diff != "" {
			t.Fatal("counted twice", diff)
		}
	})
}

// Build machines have a new address for every job.
func TestManyAddressesAreFolded(t *testing.T) {
	var tally Tally
	for i := range 20000 {
		tally.Add(Event{At: noon, Source: fmt.Sprintf("20.%d.%d.9", i/256, i%256), Agent: laptop, What: What{"ec2.amazonaws.com", "A", "us-east-1"}})
	}
	uses := tally.Uses()
	var n int64
	for _, u := range uses {
		n += u.Count
	}
	if len(uses) > mostBlocks+2 || n != 20000 {
		t.Errorf("%d rows, %d calls", len(uses), n)
	}
}

// A caller may call itself something else each time.
func TestManyProgramsAreFolded(t *testing.T) {
	var tally Tally
	for i := range 5000 {
		tally.Add(Event{At: noon, Source: fmt.Sprintf("not an address %d", i), Agent: fmt.Sprintf("tool%d/1", i), What: What{"ec2.amazonaws.com", "A", "us-east-1"}})
	}
	if n := len(tally.Uses()); n > mostPrograms+mostBlocks+2 {
		t.Errorf("%d rows", n)
	}
}

func TestReadingPlan(t *testing.T) {
	day := func(n int) time.Time { return noon.AddDate(0, 0, -n) }
	var r Reading
	r.Plan(day(10), day(1), day(90))
	if diff := cmp.Diff([]Span{{From: day(10), To: day(1)}}, r.Todo); diff != "" {
		t.Error(diff)
	}
	r.Todo = nil
	r.Plan(day(30), day(0), day(90))
	want := []Span{{From: day(1).Add(time.Second), To: day(0)}, {From: day(30), To: day(10).Add(-time.Second)}}
	if diff := cmp.Diff(want, r.Todo); diff != "" {
		t.Error(diff)
	}
	r.Plan(day(30), day(0), day(5))
	if diff := cmp.Diff(want[:1], r.Todo); diff != "" {
		t.Error("what can't be had any more is still to be read", diff)
	}
}

func TestSpanNext(t *testing.T) {
	at := func(id string, seconds int) Event {
		return Event{ID: id, At: noon.Add(time.Duration(seconds) * time.Second)}
	}
	s := Span{From: noon, To: noon.Add(time.Minute)}
	if got := s.Next([]Event{at("a", 30), at("b", 20), at("c", 20)}); len(got) != 3 {
		t.Error(got)
	}
	again := Span{From: s.From, To: s.To, Seen: s.Seen} // begun anew, with the second that was reached
	if got := again.Next([]Event{at("b", 20), at("c", 20), at("d", 20), at("e", 10)}); len(got) != 2 || got[0].ID != "d" {
		t.Error(got)
	}
}
