package conformance

import (
	"net/http"
	"strings"
	"testing"
)

const iamNS = `xmlns="https://iam.amazonaws.com/doc/2010-05-08/"`

// TestCheckerFindsWrongAnswers keeps the checker honest: each of these answers
// is wrong in one way, and must be called so.
func TestCheckerFindsWrongAnswers(t *testing.T) {
	m := loadModels(t, "iam", "cloudtrail")
	keys := func(member string) string {
		return `<ListAccessKeysResponse ` + iamNS + `><ListAccessKeysResult><AccessKeyMetadata><member>` + member +
			`</member></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult>` +
			`<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ListAccessKeysResponse>`
	}
	fail := func(code string) string {
		return `<ErrorResponse ` + iamNS + `><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	}
	good := `<UserName>Bob</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status><CreateDate>2026-01-02T03:04:05Z</CreateDate>`
	for _, tt := range []struct {
		name, service, action string
		status                int
		body, want            string // want "": nothing wrong
	}{
		{"right", "iam", "ListAccessKeys", 200, keys(good), ""},
		{"right error", "iam", "ListAccessKeys", 404, fail("NoSuchEntity"), ""},
		{"common error", "iam", "ListAccessKeys", 400, fail("Throttling"), ""},
		{"status of error", "iam", "ListAccessKeys", 400, fail("NoSuchEntity"), "want 404"},
		{"foreign error", "iam", "ListAccessKeys", 409, fail("DeleteConflict"), "neither declared nor common"},
		{"enum", "iam", "ListAccessKeys", 200, keys(strings.Replace(good, "Active", "active", 1)), "not of enum"},
		{"newer enum", "iam", "ListAccessKeys", 200, keys(strings.Replace(good, "Active", "Expired", 1)), ""},
		{"timestamp", "iam", "ListAccessKeys", 200, keys(strings.Replace(good, "05Z", "05.123Z", 1)), "timestamp"},
		{"unknown member", "iam", "ListAccessKeys", 200, keys(good + "<Secret>x</Secret>"), "no member Secret"},
		{"doubled member", "iam", "ListAccessKeys", 200, keys(good + "<UserName>Bob</UserName>"), "twice"},
		{"pattern", "iam", "ListAccessKeys", 200, keys(strings.Replace(good, "Bob", "B ob", 1)), "does not match"},
		{"length", "iam", "ListAccessKeys", 200, keys(strings.Replace(good, "AKIAIOSFODNN7EXAMPLE", "AKIA", 1)), "length"},
		{"required", "iam", "ListUsers", 200, `<ListUsersResponse ` + iamNS + `><ListUsersResult><IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ListUsersResponse>`, "required member Users"},
		{"namespace", "iam", "ListAccessKeys", 200, strings.Replace(keys(good), "2010-05-08", "2011-06-15", 1), "namespace"},
		{"list element", "iam", "ListAccessKeys", 200, strings.ReplaceAll(keys(good), "member>", "item>"), "want <member>"},
		{"no request ID", "iam", "ListAccessKeys", 200, strings.Replace(keys(good), "<RequestId>r</RequestId>", "", 1), "RequestId"},
		{"json right", "cloudtrail", "LookupEvents", 200, `{"Events":[{"EventTime":1.5,"EventId":"x"}]}`, ""},
		{"json timestamp", "cloudtrail", "LookupEvents", 200, `{"Events":[{"EventTime":"2026-01-02T03:04:05Z"}]}`, "want a number"},
		{"json null", "cloudtrail", "LookupEvents", 200, `{"NextToken":null}`, "null"},
		{"json member", "cloudtrail", "LookupEvents", 200, `{"events":[]}`, "no member events"},
		{"json error", "cloudtrail", "LookupEvents", 400, `{"__type":"InvalidMaxResultsException"}`, ""},
		{"json foreign error", "cloudtrail", "LookupEvents", 400, `{"__type":"NoSuchEntity"}`, "neither declared"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			contentType := "text/xml"
			if tt.service == "cloudtrail" {
				contentType = "application/x-amz-json-1.1"
			}
			got := strings.Join(checkAnswer(tt.service, m[tt.service], tt.action, tt.status, http.Header{"Content-Type": {contentType}}, []byte(tt.body)), "\n")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
	if got := checkAnswer("iam", m["iam"], "ListAccessKeys", http.StatusOK, http.Header{"Content-Type": {"application/xml"}}, []byte(keys(good))); len(got) != 1 {
		t.Errorf("wrong content type: %v", got)
	}
}
