package fakeaws

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventDataStoreSpec describes an event data store of CloudTrail Lake.
type EventDataStoreSpec struct {
	Region       string // empty: us-east-1
	ID           string // the last part of its ARN
	Name         string
	Status       string    // empty: ENABLED
	Created      time.Time // zero: with the account. Nothing was copied into it: it has no older events
	Retention    int       // days; zero: 366
	OneRegion    bool      // it has the events of its own region alone
	Organization bool      // it has those of every account of the organization
	Selectors    []EventSelectorSpec
	Outcome      string // how queries end: FAILED, CANCELLED, TIMED_OUT; empty: FINISHED
}

// EventSelectorSpec is an advanced event selector: events that fit all its fields
// are collected. A store without any collects management events.
type EventSelectorSpec struct {
	Name   string
	Fields []FieldSelectorSpec
}

// FieldSelectorSpec is a condition on one field: eventCategory, readOnly,
// eventSource, eventName, resources.ARN; others hold for every event.
type FieldSelectorSpec struct {
	Field                                 string
	Equals, StartsWith, EndsWith          []string `json:",omitempty"`
	NotEquals, NotStartsWith, NotEndsWith []string `json:",omitempty"`
}

// defaultSelectors are those of a store that was made without any.
var defaultSelectors = []EventSelectorSpec{{Name: "Default management events", Fields: []FieldSelectorSpec{{Field: "eventCategory", Equals: []string{"Management"}}}}}

func (s EventDataStoreSpec) selectors() []EventSelectorSpec {
	if len(s.Selectors) == 0 {
		return defaultSelectors
	}
	return s.Selectors
}

func (s EventDataStoreSpec) retention() int { return cmp.Or(s.Retention, 366) }

func (s EventDataStoreSpec) arn(acct *account) string {
	return "arn:" + acct.partition + ":cloudtrail:" + cmp.Or(s.Region, standardRegion) + ":" + acct.id + ":eventdatastore/" + s.ID
}

// has reports whether the store has an event by now. Nothing is in it before
// CloudTrail has delivered it.
func (s EventDataStoreSpec) has(acct *account, e *Event, now time.Time, delay time.Duration) bool {
	age := now.Sub(e.Time)
	switch {
	case age < delay, age > time.Duration(s.retention())*24*time.Hour, e.Time.Before(acct.since(s.Created)):
		return false
	case s.OneRegion && e.seenIn(acct.partition) != cmp.Or(s.Region, standardRegion):
		return false
	}
	return slices.ContainsFunc(s.selectors(), func(one EventSelectorSpec) bool { return one.fits(e) })
}

func (s EventSelectorSpec) fits(e *Event) bool {
	return !slices.ContainsFunc(s.Fields, func(f FieldSelectorSpec) bool { return !f.holds(e) })
}

func (f FieldSelectorSpec) holds(e *Event) bool {
	values, known := e.selectable(f.Field)
	if !known {
		return true
	}
	some := func(wanted []string, like func(value, wanted string) bool) bool {
		return slices.ContainsFunc(values, func(value string) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return like(value, w) })
		})
	}
	equal := func(value, wanted string) bool { return value == wanted }
	return (len(f.Equals) == 0 || some(f.Equals, equal)) && (len(f.StartsWith) == 0 || some(f.StartsWith, strings.HasPrefix)) &&
		(len(f.EndsWith) == 0 || some(f.EndsWith, strings.HasSuffix)) &&
		!some(f.NotEquals, equal) && !some(f.NotStartsWith, strings.HasPrefix) && !some(f.NotEndsWith, strings.HasSuffix)
}

// selectable is what an event has in a field that selectors choose by.
func (e *Event) selectable(field string) (values []string, known bool) {
	switch field {
	case "eventCategory":
		if e.Data {
			return []string{"Data"}, true
		}
		return []string{"Management"}, true
	case "readOnly":
		return []string{strconv.FormatBool(e.ReadOnly)}, true
	case "eventSource":
		return []string{e.Source}, true
	case "eventName":
		return []string{e.Name}, true
	case "resources.ARN":
		return e.Resources, true
	}
	return nil, false
}

// eventStores are the stores of the request's account and region.
func (r *request) eventStores() []EventDataStoreSpec {
	here := inRegion(r, r.account.spec.EventDataStores, func(s EventDataStoreSpec) string { return s.Region })
	slices.SortFunc(here, func(a, b EventDataStoreSpec) int { return strings.Compare(a.ID, b.ID) })
	return here
}

// eventStore finds a store by its ARN or its ID.
func (r *request) eventStore(named string) (EventDataStoreSpec, *apiError) {
	for _, s := range r.eventStores() {
		if named == s.ID || named == s.arn(r.account) {
			return s, nil
		}
	}
	if strings.HasPrefix(named, "arn:") && !strings.HasPrefix(named, "arn:"+r.account.partition+":cloudtrail:"+r.region+":"+r.account.id+":eventdatastore/") {
		return EventDataStoreSpec{}, trailError("EventDataStoreARNInvalidException", "The specified event data store ARN is not valid or does not map to an event data store in your account.")
	}
	return EventDataStoreSpec{}, trailError("EventDataStoreNotFoundException", "The specified event data store was not found.")
}

// onEventStore is the store that a call names, as policies see it.
func onEventStore(r *request) target {
	in, _ := decode[struct{ EventDataStore string }](r)
	if id := in.EventDataStore; !strings.HasPrefix(id, "arn:") {
		return target{arn: EventDataStoreSpec{ID: id, Region: r.region}.arn(r.account)}
	}
	return target{arn: in.EventDataStore}
}

func getEventDataStore(r *request) (any, *apiError) {
	in, err := decode[struct{ EventDataStore string }](r)
	if err != nil {
		return nil, err
	}
	if in.EventDataStore == "" {
		return nil, trailError("InvalidParameterException", "The event data store is required.")
	}
	s, err := r.eventStore(in.EventDataStore)
	if err != nil {
		return nil, err
	}
	type selector struct {
		Name           string `json:",omitempty"`
		FieldSelectors []FieldSelectorSpec
	}
	var selectors []selector
	for _, one := range s.selectors() {
		selectors = append(selectors, selector{one.Name, one.Fields})
	}
	return struct {
		EventDataStoreArn, Name, Status                                       string
		AdvancedEventSelectors                                                []selector
		MultiRegionEnabled, OrganizationEnabled, TerminationProtectionEnabled bool
		RetentionPeriod                                                       int
		CreatedTimestamp, UpdatedTimestamp                                    epoch
	}{
		s.arn(r.account), s.Name, cmp.Or(s.Status, "ENABLED"), selectors, !s.OneRegion, s.Organization, true, s.retention(),
		epoch(r.account.since(s.Created)), epoch(r.account.since(s.Created)),
	}, nil
}

func listEventDataStores(r *request) (any, *apiError) {
	in, err := decode[struct {
		MaxResults *int
		NextToken  string
	}](r)
	if err != nil {
		return nil, err
	}
	type listed struct{ EventDataStoreArn, Name string }
	all := []listed{}
	for _, s := range r.eventStores() {
		all = append(all, listed{s.arn(r.account), s.Name})
	}
	page, next, err := lakePage(r, all, in.MaxResults, in.NextToken, r.region)
	if err != nil {
		return nil, err
	}
	return struct {
		EventDataStores []listed
		NextToken       string `json:",omitempty"`
	}{page, next}, nil
}

// lakePage cuts a page out of what Lake lists: 1,000 at most.
func lakePage[T any](r *request, all []T, most *int, token, scope string) (page []T, next string, err *apiError) {
	limit, from := 1000, 0
	if most != nil {
		limit = *most
	}
	if limit < 1 || limit > 1000 {
		return nil, "", trailError("InvalidMaxResultsException", "The maximum number of results must be between 1 and 1000.")
	}
	if token != "" {
		after, ok := r.openToken(token, scope)
		n, failed := strconv.Atoi(after)
		if from = n; !ok || failed != nil || n < 0 || n > len(all) {
			return nil, "", trailError("InvalidNextTokenException", "The NextToken is not valid. A token is good only with the parameters of the call that it came from.")
		}
	}
	to := min(len(all), from+limit)
	if to < len(all) {
		next = r.token(scope, strconv.Itoa(to))
	}
	return all[from:to], next, nil
}
