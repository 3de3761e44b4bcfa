package fakeaws

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventsQuestion is the one question that Athena and CloudTrail Lake are asked
// here of a table of events: where keys were used. It is Trino's SQL, of which
// the simulation understands no more.
type eventsQuestion struct {
	table        string // database.table, or an event data store's ID
	keys         []string
	since, until time.Time // zero until: open
	day          string    // of a partition, as 2026/11/23; empty: not asked for
}

// eventColumns are the names of the answer's columns.
var eventColumns = []string{"access_key", "caller", "agent", "service", "action", "region", "first_use", "last_use", "calls", "failed", "denied", "days"}

// questionForm is how the question is written where an event's time is when.
func questionForm(when, from, window string) *regexp.Regexp {
	const call = `coalesce(nullif(sharedeventid, ''), eventid)`
	columns := []string{
		`useridentity.accesskeyid`, `coalesce(nullif(vpcendpointid, ''), sourceipaddress)`, `useragent`, `eventsource`, `eventname`, `awsregion`,
		`min(` + when + `)`, `max(` + when + `)`, `count(DISTINCT ` + call + `)`, `count(DISTINCT CASE WHEN errorcode <> '' THEN ` + call + ` END)`,
		`count(DISTINCT CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' OR errorcode = 'AuthorizationError' THEN ` + call + ` END)`,
		`array_join(array_agg(DISTINCT substr(` + when + `, 1, 10)), ' ')`,
	}
	for i, name := range eventColumns {
		columns[i] = regexp.QuoteMeta(columns[i] + " AS " + name)
	}
	return regexp.MustCompile(`^SELECT ` + strings.Join(columns, ", ") + ` FROM ` + from +
		` WHERE useridentity\.accesskeyid IN \((?P<keys>(?:'AKIA[A-Z0-9]+'(?:, )?)+)\) AND ` + window + ` GROUP BY 1, 2, 3, 4, 5, 6$`)
}

var athenaForm = questionForm("eventtime", `"(?P<database>\w+)"\."(?P<table>\w+)"`, `eventtime >= '(?P<since>[0-9TZ:-]+)'(?: AND "\w+" >= '(?P<day>[0-9/]+)')?`)

var lakeForm = questionForm(`date_format(eventtime, '%Y-%m-%dT%H:%i:%sZ')`, `(?P<table>[0-9A-Za-z-]+)`, `eventtime >= '(?P<since>[0-9: -]+)' AND eventtime <= '(?P<until>[0-9: -]+)'`)

// understood reads a question; false: it is another.
func understood(form *regexp.Regexp, layout, sql string) (q eventsQuestion, ok bool) {
	m := form.FindStringSubmatch(sql)
	if m == nil {
		return q, false
	}
	part := func(name string) string {
		if i := form.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	q = eventsQuestion{table: part("table"), day: part("day"), keys: strings.Split(strings.ReplaceAll(part("keys"), "'", ""), ", ")}
	if database := part("database"); database != "" {
		q.table = database + "." + q.table
	}
	var err error
	if q.since, err = time.Parse(layout, part("since")); err == nil && part("until") != "" {
		q.until, err = time.Parse(layout, part("until"))
	}
	return q, err == nil
}

// eventGroup is what one row is about.
type eventGroup [6]string

type eventSum struct {
	first, last           string
	count, failed, denied int
	days, calls           map[string]bool
}

// eventSums is an answer in the making.
type eventSums map[eventGroup]*eventSum

// add counts an event that the question is about.
func (sums eventSums) add(q eventsQuestion, acct *account, e *Event) {
	at, source := e.Time.UTC().Format(time.RFC3339), e.SourceIP
	if e.VPCEndpoint != "" {
		source = e.VPCEndpoint
	}
	if !slices.Contains(q.keys, e.Identity.AccessKeyID) || e.Time.Before(q.since) || q.day != "" && e.Time.UTC().Format("2006/01/02") < q.day ||
		!q.until.IsZero() && e.Time.After(q.until) {
		return
	}
	group := eventGroup{e.Identity.AccessKeyID, source, e.UserAgent, e.Source, e.Name, e.seenIn(acct.partition)}
	s := sums[group]
	if s == nil {
		s = &eventSum{first: at, days: map[string]bool{}, calls: map[string]bool{}}
		sums[group] = s
	}
	call := cmp.Or(e.SharedID, e.ID)
	if s.calls[call] {
		return
	}
	s.first, s.last, s.count = min(s.first, at), max(s.last, at), s.count+1
	s.days[at[:10]], s.calls[call] = true, true
	if e.ErrorCode != "" {
		s.failed++
	}
	if strings.Contains(e.ErrorCode, "AccessDenied") || strings.Contains(e.ErrorCode, "Unauthorized") {
		s.denied++
	}
}

// rows are the answer, in an order that doesn't change.
func (sums eventSums) rows() [][]string {
	var rows [][]string
	for group, s := range sums {
		days := slices.Sorted(maps.Keys(s.days))
		rows = append(rows, append(group[:], s.first, s.last, strconv.Itoa(s.count), strconv.Itoa(s.failed), strconv.Itoa(s.denied), strings.Join(days, " ")))
	}
	slices.SortFunc(rows, slices.Compare[[]string])
	return rows
}
