// Package usage decides what the events of a key mean: where it is used, by
// what, for what, since when, and whether it is shared. It holds the aggregates
// that are kept of events, and puts them into plain words.
//
// It does no I/O and reads no clock. Of a call's parameters it learns the ARNs of
// the resources that it named, of its answer nothing.
package usage

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/useragent"
)

// Event is one call that a key signed, as far as anything is kept of it.
type Event struct {
	ID     string // of the call: eventID; where several accounts got an event of it, what those have in common (sharedEventID)
	At     time.Time
	Key    accesskey.ID
	Source string // address, VPC endpoint, or an AWS service's name
	Agent  string // user agent as recorded
	What
	Error     string   // errorCode; empty: it succeeded
	Resources []string // ARNs of what it named; none: not told
}

// What is called.
type What struct {
	Service string `json:"service"` // ec2.amazonaws.com
	Action  string `json:"action"`  // RunInstances
	Region  string `json:"region"`
}

// Place is where calls come from: one program at one source.
type Place struct {
	Source string          `json:"source"` // address, VPC endpoint, AWS service; of very many addresses a prefix
	Agent  useragent.Agent `json:"agent"`
}

// Use is an aggregate: what one place did with one key, call by call of the same
// kind.
type Use struct {
	Place
	What
	First  time.Time `json:"first"` // UTC
	Last   time.Time `json:"last"`  // UTC
	Count  int64     `json:"count"`
	Errors int64     `json:"errors,omitempty"` // of Count: that failed, the denied included
	Denied int64     `json:"denied,omitempty"` // of Errors: for want of a permission
	Days   Days      `json:"days"`             // on which it was called
	// Resources are what those named that succeeded.
	Resources Resources `json:"resources,omitempty"`
	Unnamed   int64     `json:"unnamed,omitempty"` // of Count: that succeeded, and what they named is not told
}

// denied are errorCodes of calls that were refused for want of a permission.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func denied(code string) bool {
	return strings.Contains(code, "AccessDenied") || strings.Contains(code, "Unauthorized") || code == "AuthorizationError"
}

// Tally adds events up. The zero Tally is empty and ready.
type Tally struct {
	uses    map[cell]*Use
	agents  map[string]*useragent.Agent          // read before
	same    map[useragent.Agent]*useragent.Agent // each once, so that they are quickly compared
	sources map[*useragent.Agent]map[string]bool
}

type cell struct {
	source string
	agent  *useragent.Agent
	What
}

const (
	// mostAddresses is how many addresses of one program are told apart; those of
	// build machines are new with every job. Further ones are kept as their
	// network, and beyond mostBlocks as one.
	mostAddresses = 64
	mostBlocks    = 256
	mostAgents    = 4096 // remembered as they were written
	mostPrograms  = 512  // told apart
)

// Add adds one event.
func (t *Tally) Add(e Event) {
	u := t.at(e.Source, t.agent(e.Agent), e.What)
	u.stretch(e.At.UTC(), e.At.UTC())
	u.Days = u.Days.with(dayOf(e.At))
	u.Count++
	switch {
	case e.Error != "":
		u.Errors++
	case len(e.Resources) == 0:
		u.Unnamed++
	default:
		u.Resources = u.Resources.And(e.Resources...)
	}
	if denied(e.Error) {
		u.Denied++
	}
}

// agent reads a user agent, each once.
func (t *Tally) agent(raw string) *useragent.Agent {
	if a, known := t.agents[raw]; known {
		return a
	}
	if t.agents == nil || len(t.agents) >= mostAgents {
		t.agents = map[string]*useragent.Agent{}
	}
	a := t.once(useragent.Parse(raw))
	t.agents[raw] = a
	return a
}

// once is the agent itself; of more programs than are told apart, one for all.
func (t *Tally) once(a useragent.Agent) *useragent.Agent {
	if t.same == nil {
		t.same = map[useragent.Agent]*useragent.Agent{}
	}
	if t.same[a] == nil && len(t.same) >= mostPrograms {
		a = useragent.Agent{Family: useragent.Unknown, Program: "one of very many programs"}
	}
	if t.same[a] == nil {
		t.same[a] = &a
	}
	return t.same[a]
}

// Sum adds an aggregate of other events.
func (t *Tally) Sum(u Use) {
	had := t.at(u.Source, t.once(u.Agent), u.What)
	had.Count, had.Errors, had.Denied = had.Count+u.Count, had.Errors+u.Errors, had.Denied+u.Denied
	had.Unnamed += u.Unnamed
	had.join(u)
}

// Widen adds an aggregate of what may be the same events, read elsewhere: none
// counts twice.
func (t *Tally) Widen(u Use) {
	had := t.at(u.Source, t.once(u.Agent), u.What)
	had.Count, had.Errors, had.Denied = max(had.Count, u.Count), max(had.Errors, u.Errors), max(had.Denied, u.Denied)
	had.Unnamed = max(had.Unnamed, u.Unnamed)
	had.join(u)
}

// at is the aggregate of a place and what is called; a new one is empty.
func (t *Tally) at(source string, agent *useragent.Agent, w What) *Use {
	if t.uses == nil {
		t.uses, t.sources = map[cell]*Use{}, map[*useragent.Agent]map[string]bool{}
	}
	at := cell{t.folded(source, agent), agent, w}
	u := t.uses[at]
	if u == nil {
		u = &Use{Place: Place{at.source, *agent}, What: w}
		t.uses[at] = u
	}
	return u
}

// join takes over what is no count.
func (u *Use) join(other Use) {
	u.stretch(other.First, other.Last)
	u.Days, u.Resources = u.Days.And(other.Days), u.Resources.And(other.Resources...)
}

func (u *Use) stretch(first, last time.Time) {
	if u.First.IsZero() || first.Before(u.First) {
		u.First = first
	}
	if last.After(u.Last) {
		u.Last = last
	}
}

// folded is the source that a place is kept under.
func (t *Tally) folded(source string, agent *useragent.Agent) string {
	of := t.sources[agent]
	if of == nil {
		of = map[string]bool{}
		t.sources[agent] = of
	}
	if of[source] {
		return source
	}
	if _, err := netip.ParseAddr(source); err == nil && len(of) >= mostAddresses {
		source = network.Block(source)
	}
	if len(of) >= mostBlocks && !of[source] {
		source = Anywhere
	}
	of[source] = true
	return source
}

// Anywhere is the source of calls from more networks than are told apart.
const Anywhere = network.Anywhere

// Uses are all aggregates, in order.
func (t *Tally) Uses() []Use {
	uses := make([]Use, 0, len(t.uses))
	for _, u := range t.uses {
		uses = append(uses, *u)
	}
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.Source, b.Source), strings.Compare(a.Service, b.Service),
			strings.Compare(a.Action, b.Action), strings.Compare(a.Region, b.Region), strings.Compare(string(a.Agent.Family), string(b.Agent.Family)),
			strings.Compare(a.Agent.String(), b.Agent.String()))
	})
	return uses
}

// Since leaves out what was last seen before a moment.
func Since(uses []Use, moment time.Time) []Use {
	return slices.DeleteFunc(slices.Clone(uses), func(u Use) bool { return u.Last.Before(moment) })
}
