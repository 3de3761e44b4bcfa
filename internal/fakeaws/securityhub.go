package fakeaws

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// securityhubService is Security Hub as far as findings of an account's own
// product go: importing and updating them, asking for them, marking them.
// https://docs.aws.amazon.com/securityhub/1.0/APIReference/
func securityhubService() service {
	return service{
		name: "securityhub", source: "securityhub.amazonaws.com", protocol: restJSON,
		routes: func(r *http.Request) string {
			return map[string]string{
				"POST /findings/import":       "BatchImportFindings",
				"POST /findings":              "GetFindings",
				"PATCH /findings/batchupdate": "BatchUpdateFindings",
			}[r.Method+" "+r.URL.Path]
		},
		actions: map[string]action{
			"BatchImportFindings": {do: batchImportFindings, on: onProduct},
			"GetFindings":         {do: getFindings, reads: true},
			"BatchUpdateFindings": {do: batchUpdateFindings},
		},
	}
}

// finding is one in the AWS Security Finding Format.
type finding map[string]any

func (f finding) text(name string) string {
	text, _ := f[name].(string)
	return text
}

// key is what a finding is found by.
func (f finding) key() string { return f.text("ProductArn") + "\x00" + f.text("Id") }

func (f finding) inner(name, member string) string {
	inner, _ := f[name].(map[string]any)
	text, _ := inner[member].(string)
	return text
}

// SecurityFindings are the findings of an account's Security Hub in a region, in
// the order of their IDs.
func (a *AWS) SecurityFindings(account, region string) []map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []map[string]any
	if acct := a.accountByID(account); acct != nil {
		for _, f := range sortedFindings(acct.in(region).findings) {
			all = append(all, maps.Clone(f))
		}
	}
	return all
}

func sortedFindings(findings map[string]finding) []finding {
	list := slices.Collect(maps.Values(findings))
	slices.SortFunc(list, func(a, b finding) int { return strings.Compare(a.key(), b.key()) })
	return list
}

func (r *request) hub() (*stores, *apiError) {
	if !r.account.spec.SecurityHub {
		return nil, &apiError{Status: 401, Code: "InvalidAccessException",
			Message: fmt.Sprintf("Account %s is not subscribed to AWS Security Hub", r.account.id)}
	}
	return r.account.in(r.region), nil
}

// product is the account's own, by which custom findings come.
func (r *request) product() string {
	return r.account.in(r.region).arn("securityhub", "product/"+r.account.id+"/default")
}

func onProduct(r *request) target { return target{arn: r.product()} }

func errInvalidFindings(format string, args ...any) *apiError {
	return &apiError{Status: 400, Code: "InvalidInputException", Message: fmt.Sprintf(format, args...)}
}

type importFailure struct {
	ID           string `json:"Id"`
	ErrorCode    string
	ErrorMessage string
}

func batchImportFindings(r *request) (any, *apiError) {
	hub, err := r.hub()
	if err != nil {
		return nil, err
	}
	in, err := decode[struct{ Findings []finding }](r)
	if err != nil {
		return nil, err
	}
	if len(in.Findings) < 1 || len(in.Findings) > 100 {
		return nil, errInvalidFindings("Invalid parameter 'Findings'. data must contain at least 1 and at most 100 items, has %d", len(in.Findings))
	}
	failed := []importFailure{}
	for _, f := range in.Findings {
		if fault := r.importFault(f); fault != "" {
			failed = append(failed, importFailure{f.text("Id"), "InvalidInput", fault})
			continue
		}
		hub.take(f, r.region)
	}
	return struct {
		FailedCount, SuccessCount int
		FailedFindings            []importFailure
	}{len(failed), len(in.Findings) - len(failed), failed}, nil
}

// findingLimits are the longest texts of the format, in characters.
var findingLimits = map[string]int{"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}

// importFault says what is wrong with a finding; empty: nothing.
func (r *request) importFault(f finding) string {
	for _, name := range []string{"SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt", "UpdatedAt", "Title", "Description"} {
		if strings.TrimSpace(f.text(name)) == "" {
			return "Finding does not adhere to Amazon Finding Format. data should have required properties: " + name
		}
	}
	for name, most := range findingLimits {
		if utf8.RuneCountInString(f.text(name)) > most {
			return fmt.Sprintf("Finding does not adhere to Amazon Finding Format. data.%s should NOT be longer than %d characters", name, most)
		}
	}
	resources, _ := f["Resources"].([]any)
	for _, name := range []string{"CreatedAt", "UpdatedAt"} {
		if _, err := time.Parse(time.RFC3339, f.text(name)); err != nil {
			return "Finding does not adhere to Amazon Finding Format. data." + name + " should match format date-time"
		}
	}
	switch {
	case f.text("SchemaVersion") != "2018-10-08":
		return "Finding does not adhere to Amazon Finding Format. data.SchemaVersion should be equal to constant"
	case len(resources) == 0:
		return "Finding does not adhere to Amazon Finding Format. data.Resources should NOT have fewer than 1 items"
	case f.text("AwsAccountId") != r.account.id || f.text("ProductArn") != r.product():
		return "Access denied. You do not have permission to import findings for the provided ProductArn and AwsAccountId"
	}
	return ""
}

// take stores a finding, or the newer state of one it has. What customers may
// change is kept, and a finding that comes back is new to them.
func (s *stores) take(f finding, region string) {
	have, known := s.findings[f.key()]
	if known && f.text("UpdatedAt") < have.text("UpdatedAt") {
		return
	}
	next := maps.Clone(have)
	if next == nil {
		next = finding{"RecordState": "ACTIVE"}
	}
	for name, value := range f {
		if known && slices.Contains([]string{"Note", "UserDefinedFields", "VerificationState", "Workflow"}, name) {
			continue
		}
		next[name] = value
	}
	next["Region"] = region
	back := have.text("RecordState") == "ARCHIVED" && next.text("RecordState") == "ACTIVE"
	if status := have.inner("Workflow", "Status"); !known || back && (status == "NOTIFIED" || status == "RESOLVED") {
		next["Workflow"] = map[string]any{"Status": "NEW"}
	}
	s.findings[f.key()] = next
}

type stringFilter struct{ Value, Comparison string }

func (f stringFilter) fits(value string) bool {
	switch f.Comparison {
	case "PREFIX":
		return strings.HasPrefix(value, f.Value)
	case "NOT_EQUALS":
		return value != f.Value
	case "PREFIX_NOT_EQUALS":
		return !strings.HasPrefix(value, f.Value)
	}
	return value == f.Value
}

// getFindings knows filters of text. One that the simulation doesn't know is an
// error, rather than an answer that has too much.
func getFindings(r *request) (any, *apiError) {
	hub, err := r.hub()
	if err != nil {
		return nil, err
	}
	in, err := decode[struct {
		Filters    map[string]json.RawMessage
		MaxResults int
		NextToken  string
	}](r)
	if err != nil {
		return nil, err
	}
	if in.MaxResults == 0 {
		in.MaxResults = 10
	}
	if in.MaxResults < 1 || in.MaxResults > 100 {
		return nil, errInvalidFindings("Invalid parameter 'MaxResults'. must be between 1 and 100")
	}
	kept, err := filtered(sortedFindings(hub.findings), in.Filters)
	if err != nil {
		return nil, err
	}
	page, next, ok := pageOf(r, kept, in.NextToken, in.MaxResults, finding.key)
	if !ok {
		return nil, errInvalidFindings("Invalid parameter 'NextToken'")
	}
	return struct {
		Findings  []finding
		NextToken string `json:",omitempty"`
	}{append([]finding{}, page...), next}, nil
}

func filtered(findings []finding, filters map[string]json.RawMessage) ([]finding, *apiError) {
	for name, raw := range filters {
		var choices []stringFilter
		known := []string{"ProductArn", "AwsAccountId", "Id", "GeneratorId", "Region", "Title", "RecordState", "WorkflowStatus", "ComplianceStatus"}
		if !slices.Contains(known, name) || json.Unmarshal(raw, &choices) != nil {
			return nil, errInvalidFindings("Invalid parameter 'Filters.%s'", name)
		}
		value := func(f finding) string { return f.text(name) }
		switch name {
		case "WorkflowStatus":
			value = func(f finding) string { return f.inner("Workflow", "Status") }
		case "ComplianceStatus":
			value = func(f finding) string { return f.inner("Compliance", "Status") }
		}
		findings = slices.DeleteFunc(findings, func(f finding) bool {
			return !slices.ContainsFunc(choices, func(c stringFilter) bool { return c.fits(value(f)) })
		})
	}
	return findings, nil
}

type findingName struct {
	ID         string `json:"Id"`
	ProductARN string `json:"ProductArn"`
}

type notUpdated struct {
	FindingIdentifier       findingName
	ErrorCode, ErrorMessage string
}

// batchUpdateFindings is how customers mark findings: their workflow's status
// alone.
func batchUpdateFindings(r *request) (any, *apiError) {
	hub, err := r.hub()
	if err != nil {
		return nil, err
	}
	in, err := decode[struct {
		FindingIdentifiers []findingName
		Workflow           *struct{ Status string }
	}](r)
	if err != nil {
		return nil, err
	}
	processed, missed := []findingName{}, []notUpdated{}
	for _, name := range in.FindingIdentifiers {
		have, ok := hub.findings[name.ProductARN+"\x00"+name.ID]
		if !ok {
			missed = append(missed, notUpdated{name, "FindingNotFound", "Finding Not Found"})
			continue
		}
		next := maps.Clone(have)
		if in.Workflow != nil {
			next["Workflow"] = map[string]any{"Status": in.Workflow.Status}
		}
		hub.findings[have.key()] = next
		processed = append(processed, name)
	}
	return struct {
		ProcessedFindings   []findingName
		UnprocessedFindings []notUpdated
	}{processed, missed}, nil
}
