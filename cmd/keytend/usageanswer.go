package main

import (
	"encoding/json"
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
		b.WriteString("! " + line + "\n")
	}
	if len(a.Looked) > 0 {
		b.WriteString("Looked at: " + strings.Join(a.Looked, "; ") + ".\n")
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

type usageDocument struct {
	Schema string         `json:"schema"`
	Keys   []usageKeyJSON `json:"keys"`
}

type usageKeyJSON struct {
	Account  string          `json:"account"`
	User     string          `json:"user"`
	Key      accesskey.ID    `json:"key"`
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	LastUsed *usageLastJSON  `json:"last_used"` // null: not known
	Summary  string          `json:"summary"`
	Places   []usageSpotJSON `json:"places"`
	Rhythm   string          `json:"rhythm,omitempty"`
	Shared   string          `json:"key_shared,omitempty"`
	Blind    []string        `json:"blind"`
	Looked   []string        `json:"looked"`
	Unread   []usage.Gap     `json:"unread"`
	Uses     []usage.Use     `json:"uses"`
}

type usageLastJSON struct {
	At      *time.Time `json:"at"` // null: never
	Service string     `json:"service,omitempty"`
	Region  string     `json:"region,omitempty"`
}

type usageSpotJSON struct {
	Says     string    `json:"says"`
	Network  string    `json:"network"` // own, aws, runner, ...
	Who      string    `json:"who,omitempty"`
	Source   string    `json:"network_source,omitempty"` // where it is known from
	Program  string    `json:"program"`
	Kind     string    `json:"program_kind,omitempty"`
	Sources  []string  `json:"sources"`
	Services []string  `json:"services"`
	Actions  []string  `json:"actions"`
	Regions  []string  `json:"regions"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Calls    int64     `json:"calls"`
	Failed   int64     `json:"failed"`
	Denied   int64     `json:"denied"`
	Days     int       `json:"days"`
}

func writeUsageJSON(w io.Writer, answers []usageAnswer) error {
	doc := usageDocument{Schema: "keytend.usage/v1", Keys: []usageKeyJSON{}}
	for _, a := range answers {
		doc.Keys = append(doc.Keys, a.json())
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(doc)
}

func (a usageAnswer) json() usageKeyJSON {
	k := usageKeyJSON{
		Account: a.Account, User: a.User, Key: a.Key, From: a.From.UTC(), To: a.To.UTC(), Summary: a.Head, Places: []usageSpotJSON{}, Rhythm: a.Rest,
		Blind: some(a.Blind), Looked: some(a.Looked), Unread: some(a.Unread), Uses: some(usage.Since(a.Uses, a.From)),
	}
	if last, known := a.LastUsed.Get(); known {
		k.LastUsed = &usageLastJSON{moment(last.At), last.Service, last.Region}
	}
	if a.Shared != nil {
		k.Shared = a.Shared.Why()
	}
	for i, s := range a.Spots {
		k.Places = append(k.Places, usageSpotJSON{
			Says: a.Places[i], Network: string(s.Network.Kind), Who: s.Network.Who, Source: s.Network.Source, Program: s.Agent.String(), Kind: string(s.Agent.Kind()),
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
