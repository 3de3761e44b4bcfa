package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/policy"
)

func TestBaselineTellsOnlyWhatIsNew(t *testing.T) {
	old := fixture()
	old.Findings = old.Findings[:2]
	baseline, err := ReadBaseline(strings.NewReader(written(t, JSON, old, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if baseline.Len() != 2 || !baseline.GeneratedAt.Equal(now) {
		t.Fatalf("baseline = %+v", baseline)
	}
	today := fixtureFindings()
	today[1].Severity, today[1].Reason, today[1].Rank, today[1].KeyID = policy.Critical, "reworded", 9, ""
	fresh := New(today, baseline)
	if diff := cmp.Diff([]int{3, 4}, ranks(fresh)); diff != "" {
		t.Errorf("new findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 9}, ranks(Known(today, baseline))); diff != "" {
		t.Errorf("known findings (-want +got):\n%s", diff)
	}
}

func ranks(findings []policy.Finding) []int {
	var all []int
	for _, f := range findings {
		all = append(all, f.Rank)
	}
	return all
}

// TestABaselinedScanIsABaseline: what a baseline hid stays hidden when the new
// output becomes the next baseline.
func TestABaselinedScanIsABaseline(t *testing.T) {
	s := fixture()
	s.Findings, s.Known = s.Findings[2:], s.Findings[:2]
	baseline, err := ReadBaseline(strings.NewReader(written(t, JSON, s, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if fresh := New(fixtureFindings(), baseline); len(fresh) != 0 {
		t.Errorf("told again: %+v", fresh)
	}
}

func TestBaselineRefuses(t *testing.T) {
	good := written(t, JSON, fixture(), Options{})
	for name, c := range map[string]struct{ text, want string }{
		"nothing":        {"", "it is empty"},
		"cut off":        {good[:len(good)/2], "it is cut off"},
		"no JSON":        {"rank,severity", "at byte 1"},
		"other document": {`{"findings":[]}`, `schema "": want "keytend.scan/v1"`},
		"newer version":  {strings.Replace(good, "scan/v1", "scan/v2", 1), `schema "keytend.scan/v2": want`},
		"scorecard":      {strings.Replace(good, "keytend.scan/v1", ScorecardSchema, 1), `schema "keytend.scorecard/v1"`},
		"ndjson":         {written(t, NDJSON, fixture(), Options{}), "not ndjson"},
		"two documents":  {good + good, "something follows"},
		"wrong type":     {`{"schema":"keytend.scan/v1","findings":{}}`, `field "findings"`},
		"no id":          {`{"schema":"keytend.scan/v1","findings":[{"rule":"x"}]}`, "finding 1 has no id"},
		"a list":         {`[]`, "want another type"},
	} {
		_, err := ReadBaseline(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	f.Add(`{"schema":"keytend.scan/v1","findings":[{"id":"x"}],"known":["y"]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ReadBaseline(strings.NewReader(text)); err == nil && !json.Valid([]byte(text)) {
			t.Errorf("%q is taken for a baseline of %d", text, b.Len())
		}
	})
}

// TestNDJSONSaysTheSame: the lines hold what the document holds, in order, and
// end with their number.
func TestNDJSONSaysTheSame(t *testing.T) {
	var doc Document
	if err := json.Unmarshal([]byte(written(t, JSON, fixture(), Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	var findings []FindingRecord
	var last map[string]any
	types := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(written(t, NDJSON, fixture(), Options{})), "\n") {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		types[last["type"].(string)]++
		if last["type"] == "finding" {
			var f FindingRecord
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			findings = append(findings, f)
		}
	}
	if diff := cmp.Diff(doc.Findings, findings); diff != "" {
		t.Errorf("findings (-json +ndjson):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"scan": 1, "account": 1, "key": 4, "finding": 4, "error": 3, "end": 1}, types); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if last["type"] != "end" || last["keys"] != 4.0 {
		t.Errorf("the last line is %v", last)
	}
}
