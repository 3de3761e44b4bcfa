package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
)

// usageAnswer is what there is to say about one key.
type usageAnswer struct {
	usage.Evidence
	usage.Answer
}

func (u *usages) write(w io.Writer, answers []usageAnswer) error {
	if u.output.value == "json" {
		return writeUsageJSON(w, answers)
	}
	for i, a := range answers {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, printable(a.text())); err != nil {
			return err
		}
	}
	return nil
}

// text is an answer for people: the sentences first, then the table.
func (a usageAnswer) text() string {
	var b strings.Builder
	b.WriteString(a.Head + "\n")
	for _, place := range a.Places {
		b.WriteString("  - " + place + "\n")
	}
	for _, line := range []string{a.Rest, sharedLine(a.Shared)} {
		if line != "" {
			b.WriteString(line + "\n")
		}
	}
	for _, line := range a.Blind {
		b.WriteString("! " + inLine(line) + "\n")
	}
	if len(a.Looked) > 0 {
		b.WriteString("Looked at: " + inLine(strings.Join(a.Looked, "; ")) + ".\n")
	}
	if len(a.Spots) > 0 {
		b.WriteString("\n" + usageTable(a.Spots))
	}
	return b.String()
}

func sharedLine(s *usage.Sharing) string {
	if s == nil {
		return ""
	}
	return "Finding key-shared: " + s.Why() + "."
}

// usageTable lists the spots, what each calls most first.
func usageTable(spots []usage.Spot) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "LAST USED\tCALLS\tFAILED\tDENIED\tPROGRAM\tWHERE\tREGION\tCALLS MOST")
	for _, s := range spots {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", s.Last.UTC().Format("2006-01-02 15:04"), s.Count, s.Errors, s.Denied,
			s.Agent, s.Where(), strings.Join(s.Regions, " "), strings.Join(s.Actions[:min(3, len(s.Actions))], " "))
	}
	_ = t.Flush() // into a strings.Builder
	return b.String()
}

// usageSchema names the shape and version of `usage --output json`. Within a
// version fields are added, never taken away or changed in meaning.
const usageSchema = "keytend.usage/v1"

// The records are exported for the generator of the JSON schema, which reads
// their comments.

// UsageDocument is where keys are used, as JSON. Times are RFC 3339 in UTC. Lists
// are never null.
type UsageDocument struct {
	// Always keytend.usage/v1.
	Schema string `json:"schema" jsonschema:"const=keytend.usage/v1"`
	// The key that was asked for, or all of the user.
	Keys []UsageKeyRecord `json:"keys"`
}

// UsageKeyRecord is where one key is used.
type UsageKeyRecord struct {
	// Twelve digits.
	Account string `json:"account"`
	// Whose key it is.
	User string `json:"user"`
	// The access key ID.
	Key accesskey.ID `json:"key"`
	// The window that was asked for.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// AWS's own last-used data; null: not known.
	LastUsed *UsageLastRecord `json:"last_used" jsonschema:"nullable"`
	// One sentence for all of it.
	Summary string `json:"summary"`
	// The places of use, the latest used first.
	Places []UsagePlaceRecord `json:"places"`
	// On how many days it was used, and its longest rest; absent: fewer than two.
	Rhythm string `json:"rhythm,omitempty"`
	// Why two consumers have it; absent: nothing shows that.
	Shared string `json:"key_shared,omitempty"`
	// What could not be seen, a sentence each.
	Blind []string `json:"blind"`
	// Where was looked.
	Looked []string `json:"looked"`
	// Where could not be looked, or not all of the way.
	Unread []usage.Gap `json:"unread"`
	// The sums that all of this rests on, one for each place, call and region.
	Uses []usage.Use `json:"uses"`
}

// UsageLastRecord is the latest use that AWS has published.
type UsageLastRecord struct {
	// Null: never used.
	At *time.Time `json:"at" jsonschema:"nullable"`
	// s3, ec2, ...
	Service string `json:"service,omitempty"`
	// Absent: AWS didn't say.
	Region string `json:"region,omitempty"`
}

// UsagePlaceRecord is one place of use: a program in a network.
type UsagePlaceRecord struct {
	// One sentence.
	Says string `json:"says"`
	// Whose the network is.
	Network string `json:"network" jsonschema:"enum=own,enum=endpoint,enum=aws,enum=service,enum=runner,enum=private,enum=other,enum=unknown"`
	// Which of these, where that is known.
	Who string `json:"who,omitempty"`
	// Where that is known from.
	NetworkSource string `json:"network_source,omitempty"`
	// The program, in words.
	Program string `json:"program"`
	// deployment, pipeline, cluster, agent, desktop, cli, product, sdk, aws; absent: not known.
	ProgramKind string `json:"program_kind,omitempty"`
	// Addresses, networks of many addresses, VPC endpoints or AWS services, the latest first.
	Sources []string `json:"sources"`
	// The most called first.
	Services []string `json:"services"`
	// service:Action, the most called first.
	Actions []string `json:"actions"`
	Regions []string `json:"regions"`
	// First and last seen.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// How many calls; of them how many failed; of those how many were denied.
	Calls  int64 `json:"calls"`
	Failed int64 `json:"failed"`
	Denied int64 `json:"denied"`
	// On how many days.
	Days int `json:"days"`
}

func writeUsageJSON(w io.Writer, answers []usageAnswer) error {
	doc := UsageDocument{Schema: usageSchema, Keys: []UsageKeyRecord{}}
	for _, a := range answers {
		doc.Keys = append(doc.Keys, a.record())
	}
	return writeJSON(w, doc)
}

func (a usageAnswer) record() UsageKeyRecord {
	k := UsageKeyRecord{
		Account: a.Account, User: a.User, Key: a.Key, From: a.From.UTC(), To: a.To.UTC(), Summary: a.Head, Places: []UsagePlaceRecord{}, Rhythm: a.Rest,
		Blind: some(a.Blind), Looked: some(a.Looked), Unread: some(a.Unread), Uses: some(usage.Since(a.Uses, a.From)),
	}
	if last, known := a.LastUsed.Get(); known {
		k.LastUsed = &UsageLastRecord{moment(last.At), last.Service, last.Region}
	}
	if a.Shared != nil {
		k.Shared = a.Shared.Why()
	}
	for i, s := range a.Spots {
		k.Places = append(k.Places, UsagePlaceRecord{
			Says: a.Places[i], Network: string(s.Network.Kind), Who: s.Network.Who, NetworkSource: s.Network.Source, Program: s.Agent.String(), ProgramKind: string(s.Agent.Kind()),
			Sources: s.Sources, Services: s.Services, Actions: s.Actions, Regions: s.Regions, First: s.First, Last: s.Last,
			Calls: s.Count, Failed: s.Errors, Denied: s.Denied, Days: len(s.Days),
		})
	}
	return k
}

// some is a list that is written as one where it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
