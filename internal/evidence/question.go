package evidence

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
	"github.com/keytend/keytend/internal/useragent"
)

// question asks a table of CloudTrail's events, in Trino's SQL, where keys were
// used: as Athena has such tables over a trail, and CloudTrail Lake of its own.
type question struct {
	account, user string
	via           string // usage.Stream's
	where         string // as people are told
	from          string // the table, as FROM has it
	when          string // an event's time as 2026-11-23T12:00:00Z
	window        string // the condition on it
	atOnce        int    // about how many keys one question may be
	rows          func(ctx context.Context, sql string) iter.Seq2[[]string, error]
	keep          Keeper
	since, now    time.Time
	// hopeless is why it isn't asked at all; nil: it is.
	hopeless error
}

// answerColumns are the columns of the answer. Lake gives them by name.
var answerColumns = []string{"access_key", "caller", "agent", "service", "action", "region", "first_use", "last_use", "calls", "failed", "denied", "days"}

// oneCall is what all events of one call have in common: those delivered twice, and
// those that two accounts got of it.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/shared-event-ID.html
const oneCall = `coalesce(nullif(sharedeventid, ''), eventid)`

func (q question) sql(keys []accesskey.ID) string {
	var quoted []string
	for _, key := range keys {
		quoted = append(quoted, "'"+string(key)+"'")
	}
	columns := []string{
		`useridentity.accesskeyid`, `coalesce(nullif(vpcendpointid, ''), sourceipaddress)`, `useragent`, `eventsource`, `eventname`, `awsregion`,
		`min(` + q.when + `)`, `max(` + q.when + `)`, `count(DISTINCT ` + oneCall + `)`, `count(DISTINCT CASE WHEN errorcode <> '' THEN ` + oneCall + ` END)`,
		`count(DISTINCT CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' OR errorcode = 'AuthorizationError' THEN ` + oneCall + ` END)`,
		`array_join(array_agg(DISTINCT substr(` + q.when + `, 1, 10)), ' ')`,
	}
	for i, name := range answerColumns {
		columns[i] += " AS " + name
	}
	return `SELECT ` + strings.Join(columns, ", ") + ` FROM ` + q.from + ` WHERE useridentity.accesskeyid IN (` + strings.Join(quoted, ", ") + `) AND ` +
		q.window + ` GROUP BY 1, 2, 3, 4, 5, 6`
}

// collect asks for all keys, so many at once as fit.
func (q question) collect(ctx context.Context, keys []accesskey.ID) (map[accesskey.ID]Found, error) {
	tallies, data := map[accesskey.ID]*usage.Tally{}, map[accesskey.ID]bool{}
	for _, key := range keys {
		if _, err := accesskey.ParseID(string(key)); err != nil {
			return nil, err // it goes into the query
		}
		tallies[key] = &usage.Tally{}
	}
	failed := q.hopeless
	for some := range slices.Chunk(keys, q.atOnce) {
		if failed == nil {
			failed = q.ask(ctx, some, tallies, data)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	found := map[accesskey.ID]Found{}
	for _, key := range keys {
		f := Found{Data: data[key], Looked: []string{q.where}}
		if failed != nil {
			f = Found{Unread: []usage.Gap{{Where: q.where, Why: plain(failed)}}}
		}
		var err error
		stream := usage.Stream{Account: q.account, Key: key, Via: q.via}
		if f.Uses, err = keepWidened(ctx, q.keep, stream, usage.Reading{User: q.user, From: q.since, To: q.now}, tallies[key].Uses()); err != nil {
			return nil, err
		}
		found[key] = f
	}
	return found, nil
}

func (q question) ask(ctx context.Context, keys []accesskey.ID, tallies map[accesskey.ID]*usage.Tally, data map[accesskey.ID]bool) error {
	for row, err := range q.rows(ctx, q.sql(keys)) {
		if err != nil {
			return err
		}
		key, use, err := useOfRow(row)
		if err == nil && !slices.Contains(keys, key) {
			err = fmt.Errorf("a row of key %q, which was not asked for", inLine(string(key)))
		}
		if err == nil {
			err = q.plausible(use)
		}
		if err != nil {
			return err
		}
		tallies[key].Sum(use)
		data[key] = data[key] || usage.Data(use.What)
	}
	return nil
}

// plausible refuses what no table of events can say: nothing else of it is
// believed then either.
func (q question) plausible(u usage.Use) error {
	switch {
	case u.Denied < 0 || u.Errors < u.Denied || u.Count < max(u.Errors, 1):
		return fmt.Errorf("a row of %d calls, of which %d failed, %d of them denied", u.Count, u.Errors, u.Denied)
	case u.Last.Before(u.First) || u.First.Before(q.since.Truncate(time.Second)) || u.Last.After(q.now.Add(tolerance)):
		return fmt.Errorf("a row of calls from %s to %s, asked for %s to %s", u.First.Format(time.RFC3339), u.Last.Format(time.RFC3339), q.since.UTC().Format(time.RFC3339), q.now.UTC().Format(time.RFC3339))
	}
	return nil
}

// useOfRow reads one row of the answer.
func useOfRow(row []string) (accesskey.ID, usage.Use, error) {
	var u usage.Use
	if len(row) != len(answerColumns) {
		return "", u, fmt.Errorf("a row of %d columns, want %d", len(row), len(answerColumns))
	}
	u.Place = usage.Place{Source: inLine(row[1]), Agent: useragent.Parse(inLine(row[2]))}
	u.What = usage.What{Service: inLine(row[3]), Action: inLine(row[4]), Region: inLine(row[5])}
	var err error
	read := func(into *int64, text string) {
		if err == nil {
			*into, err = strconv.ParseInt(text, 10, 64)
		}
	}
	read(&u.Count, row[8])
	read(&u.Errors, row[9])
	read(&u.Denied, row[10])
	u.Unnamed = u.Count - u.Errors // the table isn't asked what calls named
	if err == nil {
		u.First, err = time.Parse(time.RFC3339, row[6])
	}
	if err == nil {
		u.Last, err = time.Parse(time.RFC3339, row[7])
	}
	for _, day := range strings.Fields(row[11]) {
		if err == nil {
			var at time.Time
			at, err = time.Parse(time.DateOnly, day)
			u.Days = u.Days.And(usage.DaysOf(at))
		}
	}
	return accesskey.ID(row[0]), u, err
}
