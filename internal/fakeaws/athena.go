package fakeaws

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// athenaService is Athena as far as one question goes: where keys were used,
// asked of a table over the account's trail. Other queries fail, as those do that
// make no sense.
// https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
func athenaService() service {
	return service{
		name: "athena", source: "athena.amazonaws.com", protocol: json11, target: "AmazonAthena",
		actions: map[string]action{
			"StartQueryExecution": {do: startQueryExecution},
			"GetQueryExecution":   {do: getQueryExecution, reads: true},
			"GetQueryResults":     {do: getQueryResults, reads: true},
		},
	}
}

// athenaQuery is a query that was run.
type athenaQuery struct {
	state, reason string
	rows          [][]string // with the header
}

type startQueryInput struct {
	QueryString           string
	QueryExecutionContext struct{ Database string }
	ResultConfiguration   struct{ OutputLocation string }
	WorkGroup             string
}

func startQueryExecution(r *request) (any, *apiError) {
	in, err := decode[startQueryInput](r)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.ResultConfiguration.OutputLocation, "s3://") {
		return nil, &apiError{Status: 400, Code: "InvalidRequestException", Message: "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input."}
	}
	id := uuidOf(r.id, "query")
	if r.account.queries == nil {
		r.account.queries = map[string]*athenaQuery{}
	}
	r.account.queries[id] = r.run(in)
	return struct {
		QueryExecutionID string `json:"QueryExecutionId"`
	}{id}, nil
}

// run runs a query with the caller's own rights.
func (r *request) run(in startQueryInput) *athenaQuery {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(in.ResultConfiguration.OutputLocation, "s3://"), "/")
	for _, need := range []struct{ permission, arn string }{
		{"glue:GetTable", "arn:aws:glue:" + r.region + ":" + r.account.id + ":catalog"},
		{"s3:GetBucketLocation", "arn:aws:s3:::" + bucket}, {"s3:ListBucket", "arn:aws:s3:::" + bucket},
		{"s3:GetObject", "arn:aws:s3:::" + bucket + "/x"}, {"s3:PutObject", "arn:aws:s3:::" + bucket + "/x"},
	} {
		if err := r.permit(need.permission, target{arn: need.arn}, r.account, "", false); err != nil {
			return &athenaQuery{state: "FAILED", reason: err.Message}
		}
	}
	q, reason := understood(in.QueryString)
	if reason == "" && !slices.Contains(r.account.spec.AthenaTables, q.table) {
		reason = "TABLE_NOT_FOUND: line 1:8: Table 'awsdatacatalog." + q.table + "' does not exist"
	}
	if reason != "" {
		return &athenaQuery{state: "FAILED", reason: reason}
	}
	return &athenaQuery{state: "SUCCEEDED", rows: q.rows(r.account)}
}

// athenaUses is the question: which keys, in which table, since when.
type athenaUses struct {
	table, since, day string
	keys              []string
}

// athenaCall is how a query tells calls apart. The table is over one account's trail,
// in which each call stands once.
const athenaCall = `coalesce\(nullif\(sharedeventid, ''\), eventid\)`

var athenaShape = regexp.MustCompile(`^SELECT useridentity\.accesskeyid, coalesce\(nullif\(vpcendpointid, ''\), sourceipaddress\), useragent, eventsource, eventname, awsregion, ` +
	`min\(eventtime\), max\(eventtime\), count\(DISTINCT ` + athenaCall + `\), count\(DISTINCT CASE WHEN errorcode <> '' THEN ` + athenaCall + ` END\), ` +
	`count\(DISTINCT CASE WHEN errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%Unauthorized%' OR errorcode = 'AuthorizationError' THEN ` + athenaCall + ` END\), ` +
	`array_join\(array_agg\(DISTINCT substr\(eventtime, 1, 10\)\), ' '\) ` +
	`FROM "(\w+)"\."(\w+)" WHERE useridentity\.accesskeyid IN \(((?:'AKIA[A-Z0-9]+'(?:, )?)+)\) AND eventtime >= '([0-9TZ:-]+)'(?: AND "\w+" >= '([0-9/]+)')? GROUP BY 1, 2, 3, 4, 5, 6$`)

func understood(sql string) (q athenaUses, reason string) {
	m := athenaShape.FindStringSubmatch(sql)
	if m == nil {
		return q, "SYNTAX_ERROR: line 1:1: mismatched input"
	}
	return athenaUses{table: m[1] + "." + m[2], since: m[4], day: m[5], keys: strings.Split(strings.ReplaceAll(m[3], "'", ""), ", ")}, ""
}

// athenaGroup is what one row is about.
type athenaGroup [6]string

type athenaSum struct {
	first, last           string
	count, failed, denied int
	days                  map[string]bool
}

func (q athenaUses) rows(acct *account) [][]string {
	sums := map[athenaGroup]*athenaSum{}
	for _, list := range [][]Event{acct.events, acct.data} {
		for i := range list {
			if e := &list[i]; slices.Contains(q.keys, e.Identity.AccessKeyID) {
				q.add(acct, sums, e)
			}
		}
	}
	rows := [][]string{{"accesskeyid", "_col1", "useragent", "eventsource", "eventname", "awsregion", "_col6", "_col7", "_col8", "_col9", "_col10", "_col11"}}
	for group, s := range sums {
		days := slices.Sorted(maps.Keys(s.days))
		rows = append(rows, append(group[:], s.first, s.last, strconv.Itoa(s.count), strconv.Itoa(s.failed), strconv.Itoa(s.denied), strings.Join(days, " ")))
	}
	slices.SortFunc(rows[1:], func(a, b []string) int { return strings.Compare(strings.Join(a, "\x00"), strings.Join(b, "\x00")) })
	return rows
}

func (q athenaUses) add(acct *account, sums map[athenaGroup]*athenaSum, e *Event) {
	at, source := e.Time.UTC().Format(time.RFC3339), e.SourceIP
	if e.VPCEndpoint != "" {
		source = e.VPCEndpoint
	}
	if at < q.since || q.day != "" && e.Time.UTC().Format("2006/01/02") < q.day {
		return
	}
	group := athenaGroup{e.Identity.AccessKeyID, source, e.UserAgent, e.Source, e.Name, e.seenIn(acct.partition)}
	s := sums[group]
	if s == nil {
		s = &athenaSum{first: at, days: map[string]bool{}}
		sums[group] = s
	}
	s.first, s.last, s.count = min(s.first, at), max(s.last, at), s.count+1
	s.days[at[:10]] = true
	if e.ErrorCode != "" {
		s.failed++
	}
	if strings.Contains(e.ErrorCode, "AccessDenied") || strings.Contains(e.ErrorCode, "Unauthorized") {
		s.denied++
	}
}

func (r *request) queryAsked() (*athenaQuery, string, *apiError) {
	in, err := decode[struct{ QueryExecutionID, NextToken string }](r)
	if err != nil {
		return nil, "", err
	}
	q := r.account.queries[in.QueryExecutionID]
	if q == nil {
		return nil, "", &apiError{Status: 400, Code: "InvalidRequestException", Message: "QueryExecution " + in.QueryExecutionID + " was not found"}
	}
	return q, in.NextToken, nil
}

func getQueryExecution(r *request) (any, *apiError) {
	q, _, err := r.queryAsked()
	if err != nil {
		return nil, err
	}
	type status struct{ State, StateChangeReason string }
	return map[string]any{"QueryExecution": map[string]any{"Status": status{q.state, q.reason}}}, nil
}

// athenaPage is how many rows come at once.
const athenaPage = 1000

func getQueryResults(r *request) (any, *apiError) {
	q, token, err := r.queryAsked()
	if err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(token) // none: from the first
	if from < 0 || from > len(q.rows) {
		return nil, &apiError{Status: 400, Code: "InvalidRequestException", Message: "Invalid token"}
	}
	type datum struct {
		VarCharValue string `json:",omitempty"`
	}
	type row struct{ Data []datum }
	rows, next := []row{}, ""
	for _, values := range q.rows[from:min(len(q.rows), from+athenaPage)] {
		var data []datum
		for _, value := range values {
			data = append(data, datum{value})
		}
		rows = append(rows, row{data})
	}
	if from+athenaPage < len(q.rows) {
		next = strconv.Itoa(from + athenaPage)
	}
	out := map[string]any{"ResultSet": map[string]any{"Rows": rows}}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}
