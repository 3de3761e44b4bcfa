package usage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/network"
	"github.com/keytend/keytend/internal/useragent"
)

// Spot is one place as people think of it: a program in a network, with all that
// it does with a key.
type Spot struct {
	Network  network.Name
	Agent    useragent.Agent
	Sources  []string // addresses and the like, the latest first
	Services []string // without ".amazonaws.com", the most called first
	Actions  []string // service:Action, the most called first
	Regions  []string
	First    time.Time
	Last     time.Time
	Count    int64
	Errors   int64
	Denied   int64
	Days     Days
	// Sessions says that temporary credentials were made from the key, whose calls
	// are not seen under its ID.
	Sessions bool

	services, actions, regions map[string]int64
}

// Spots groups uses into spots, the latest used first.
func Spots(uses []Use, known network.Directory) []Spot {
	found := map[spotKey]*Spot{}
	for _, u := range uses {
		name := known.Name(u.Source)
		key := spotKey{party(name, u.Source), u.Agent}
		s := found[key]
		if s == nil {
			s = &Spot{Network: name, Agent: u.Agent, First: u.First, services: map[string]int64{}, actions: map[string]int64{}, regions: map[string]int64{}}
			found[key] = s
		}
		s.take(u)
	}
	spots := make([]Spot, 0, len(found))
	for _, s := range found {
		s.Services, s.Actions, s.Regions = most(s.services), most(s.actions), most(s.regions)
		spots = append(spots, *s)
	}
	slices.SortFunc(spots, func(a, b Spot) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.Count, a.Count), strings.Compare(a.Where(), b.Where()), strings.Compare(a.Agent.String(), b.Agent.String()))
	})
	return spots
}

// proofs are what Keytend calls with a user's key, to prove that it works.
var proofs = map[string]bool{"sts:GetCallerIdentity": true, "iam:GetUser": true}

// Own reports whether it is Keytend's proof of the key, and no consumer's use. What
// else is called in Keytend's name counts: whoever has a key may write that name
// into the user agent.
func (u Use) Own() bool { return u.Agent.Own() && proofs[short(u.Service)+":"+u.Action] }

// Own reports whether nothing but Keytend's proofs of the key were seen there.
func (s Spot) Own() bool {
	return s.Agent.Own() && !slices.ContainsFunc(s.Actions, func(action string) bool { return !proofs[action] })
}

type spotKey struct {
	party string
	agent useragent.Agent
}

// party is who calls, as far as addresses tell: those of AWS are told apart by
// region and service where that is known, those of nobody known by their block.
func party(name network.Name, source string) string {
	switch name.Kind {
	case network.Other:
		return "other " + network.Block(source)
	case network.AWS:
		return "aws " + name.Service + " " + name.Region
	case network.Own, network.Endpoint, network.Service, network.Runner:
		return string(name.Kind) + " " + name.Who
	}
	return string(name.Kind)
}

func (s *Spot) take(u Use) {
	if u.First.Before(s.First) {
		s.First = u.First
	}
	if u.Last.After(s.Last) {
		s.Last = u.Last
		s.Sources = slices.DeleteFunc(s.Sources, func(source string) bool { return source == u.Source })
		s.Sources = slices.Insert(s.Sources, 0, u.Source)
	} else if !slices.Contains(s.Sources, u.Source) {
		s.Sources = append(s.Sources, u.Source)
	}
	service := short(u.Service)
	s.services[service] += u.Count
	s.actions[service+":"+u.Action] += u.Count
	s.regions[u.Region] += u.Count
	s.Count, s.Errors, s.Denied = s.Count+u.Count, s.Errors+u.Errors, s.Denied+u.Denied
	s.Days = s.Days.And(u.Days)
	s.Sessions = s.Sessions || makesSessions(u.What)
}

// makesSessions: what these calls give outlives the key, for up to 36 hours.
func makesSessions(w What) bool {
	return w.Service == "sts.amazonaws.com" && (w.Action == "GetSessionToken" || w.Action == "GetFederationToken")
}

// short is a service without AWS's domain.
func short(service string) string {
	service = strings.TrimSuffix(service, ".cn")
	return strings.TrimSuffix(service, ".amazonaws.com")
}

// most are the names of a count, the greatest first.
func most(counts map[string]int64) []string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	return names
}
