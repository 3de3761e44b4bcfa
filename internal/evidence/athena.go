package evidence

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
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

// keysOfAthena keeps a question below the 262,144 bytes that Athena takes.
const keysOfAthena = 5000

// Collect asks for all keys at once.
func (t Table) Collect(ctx context.Context, keys []accesskey.ID) (map[accesskey.ID]Found, error) {
	name := tableForm.FindStringSubmatch(t.Name)
	q := question{
		account: t.Account, user: t.User, via: "athena " + t.Name, where: "Athena's table " + t.Name,
		from: `"` + name[1] + `"."` + name[2] + `"`, when: "eventtime", window: `eventtime >= '` + t.Since.UTC().Format(time.RFC3339) + `'`,
		atOnce: keysOfAthena, keep: t.Keep, since: t.Since, now: t.Now,
	}
	if t.Day != "" {
		q.window += fmt.Sprintf(` AND "%s" >= '%s'`, t.Day, t.Since.UTC().Format("2006/01/02"))
	}
	q.rows = func(ctx context.Context, sql string) iter.Seq2[[]string, error] {
		return t.Athena.AthenaRows(ctx, awsapi.AthenaQuery{SQL: sql, Database: name[1], Output: t.Output, WorkGroup: t.WorkGroup})
	}
	return q.collect(ctx, keys)
}
