package evidence

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/usage"
	"github.com/keytend/keytend/internal/useragent"
)

// Table asks an Athena table over a trail, made as AWS's documentation has it:
// one query for all keys.
// https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html
type Table struct {
	Account string
	User    string // whose keys they are
	Athena  interface {
		AthenaRows(ctx context.Context, q awsapi.AthenaQuery) iter.Seq2[[]string, error]
	}
	Name      string // database.table
	Output    string // s3://bucket/prefix for results; empty: the workgroup's
	WorkGroup string
	Day       string // partition by day, as 2026/11/23; empty: none is used
	Keep      Keeper
	Since     time.Time
	Now       time.Time
}

// tableForm is database.table; both go into the query as they are.
var tableForm = regexp.MustCompile(`^([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)$`)

// CheckTable refuses what is no name of a table, and what is no name of its
// partition by day; empty: none.
func CheckTable(name, day string) error {
	if !tableForm.MatchString(name) {
		return fmt.Errorf("table %s: want DATABASE.TABLE of letters, digits and _", name)
	}
	if day != "" && !tableForm.MatchString("x."+day) {
		return fmt.Errorf("partition %s: want the name of a column", day)
	}
	return nil
}

// oneCall is what all events of one call have in common: those delivered twice, and
// those that two accounts got of it.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/shared-event-ID.html
const oneCall = "coalesce(nullif(sharedeventid, ''), eventid)"

// sql is the question. A call counts once, however many events of it lie there.
func (t Table) sql(keys []accesskey.ID) string {
	name := tableForm.FindStringSubmatch(t.Name)
	var quoted []string
	for _, key := range keys {
		quoted = append(quoted, "'"+string(key)+"'")
	}
	day := ""
	if t.Day != "" {
		day = fmt.Sprintf(` AND "%s" >= '%s'`, t.Day, t.Since.UTC().Format("2006/01/02"))
	}
	return `SELECT useridentity.accesskeyid, coalesce(nullif(vpcendpointid, ''), sourceipaddress), useragent, eventsource, eventname, awsregion, ` +
		`min(eventtime), max(eventtime), count(DISTINCT ` + oneCall + `), count(DISTINCT CASE WHEN errorcode <> '' THEN ` + oneCall + ` END), ` +
		`count(DISTINCT CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' OR errorcode = 'AuthorizationError' THEN ` + oneCall + ` END), ` +
		`array_join(array_agg(DISTINCT substr(eventtime, 1, 10)), ' ') ` +
		`FROM "` + name[1] + `"."` + name[2] + `" WHERE useridentity.accesskeyid IN (` + strings.Join(quoted, ", ") + `) AND eventtime >= '` +
		t.Since.UTC().Format(time.RFC3339) + `'` + day + ` GROUP BY 1, 2, 3, 4, 5, 6`
}

// Collect asks for all keys at once.
func (t Table) Collect(ctx context.Context, keys []accesskey.ID) (map[accesskey.ID]Found, error) {
	tallies, data := map[accesskey.ID]*usage.Tally{}, map[accesskey.ID]bool{}
	for _, key := range keys {
		if _, err := accesskey.ParseID(string(key)); err != nil {
			return nil, err // it goes into the query
		}
		tallies[key] = &usage.Tally{}
	}
	failed := t.ask(ctx, keys, tallies, data)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	found := map[accesskey.ID]Found{}
	for _, key := range keys {
		f := Found{Data: data[key], Looked: []string{"Athena's table " + t.Name}}
		if failed != nil {
			f = Found{Unread: []usage.Gap{{Where: "Athena's table " + t.Name, Why: plain(failed)}}}
		}
		var err error
		stream := usage.Stream{Account: t.Account, Key: key, Via: "athena " + t.Name}
		if f.Uses, err = keepWidened(ctx, t.Keep, stream, usage.Reading{User: t.User, From: t.Since, To: t.Now}, tallies[key].Uses()); err != nil {
			return nil, err
		}
		found[key] = f
	}
	return found, nil
}

func (t Table) ask(ctx context.Context, keys []accesskey.ID, tallies map[accesskey.ID]*usage.Tally, data map[accesskey.ID]bool) error {
	database := tableForm.FindStringSubmatch(t.Name)[1]
	for row, err := range t.Athena.AthenaRows(ctx, awsapi.AthenaQuery{SQL: t.sql(keys), Database: database, Output: t.Output, WorkGroup: t.WorkGroup}) {
		if err != nil {
			return err
		}
		key, use, err := useOfRow(row)
		if err == nil {
			err = t.plausible(use)
		}
		if err != nil {
			return err
		}
		if tally := tallies[key]; tally != nil {
			tally.Sum(use)
			data[key] = data[key] || usage.Data(use.What)
		}
	}
	return nil
}

// plausible refuses what no table over a trail can say: nothing else of it is
// believed then either.
func (t Table) plausible(u usage.Use) error {
	switch {
	case u.Denied < 0 || u.Errors < u.Denied || u.Count < max(u.Errors, 1):
		return fmt.Errorf("a row of %d calls, of which %d failed, %d of them denied", u.Count, u.Errors, u.Denied)
	case u.Last.Before(u.First) || u.First.Before(t.Since.Truncate(time.Second)) || u.Last.After(t.Now.Add(tolerance)):
		return fmt.Errorf("a row of calls from %s to %s, asked for %s to %s", u.First.Format(time.RFC3339), u.Last.Format(time.RFC3339), t.Since.UTC().Format(time.RFC3339), t.Now.UTC().Format(time.RFC3339))
	}
	return nil
}

// useOfRow reads one row of the answer.
func useOfRow(row []string) (accesskey.ID, usage.Use, error) {
	var u usage.Use
	if len(row) != 12 {
		return "", u, fmt.Errorf("a row of %d columns, want 12", len(row))
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
