package gate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/webhook"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var record = accesskey.Record{
	ID: "r1", Work: accesskey.Rotation, Subject: accesskey.Subject{Account: "123456789012", User: "ana", UserID: "AIDACKCEVSQ6C2EXAMPLE"},
	Old: "AKIAIOSFODNN7EXAMPLE", New: "AKIAI44QH8DHBEXAMPLE", Phase: accesskey.Overlap, Since: noon, Due: noon.Add(24 * time.Hour), Sealed: "s3cr3t",
}

var off = policy.Step{Kind: policy.Deactivate, Key: "AKIAIOSFODNN7EXAMPLE", Reason: policy.WhySilent}

// board answers with a text, or a status.
func board(t *testing.T, status int, text string) (Gate, *[]Question) {
	var asked []Question
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := webhook.Verify("s3cr3t", r.Header, body, noon, time.Minute); err != nil {
			t.Error(err)
		}
		var q Question
		if err := json.Unmarshal(body, &q); err != nil || r.Header.Get(webhook.IDHeader) != q.ID {
			t.Error(err, string(body))
		}
		asked = append(asked, q)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	return Gate{Endpoint: webhook.Endpoint{URL: srv.URL, Secret: "s3cr3t", Now: func() time.Time { return noon }}}, &asked
}

func TestQuestion(t *testing.T) {
	g, asked := board(t, 200, `{"decision":"allow","ticket":"CHG0030002"}`)
	answer, err := g.Ask(t.Context(), record, off)
	if err != nil || answer != (policy.Answer{Allowed: true, Ticket: "CHG0030002"}) {
		t.Fatalf("%+v %v", answer, err)
	}
	q := (*asked)[0]
	want := Question{
		Schema: Schema, ID: q.ID, Action: policy.Deactivate, Account: "123456789012", User: "ana", Key: "AKIAIOSFODNN7EXAMPLE",
		New: "AKIAI44QH8DHBEXAMPLE", Work: accesskey.Rotation, Record: "r1", Phase: accesskey.Overlap, Reason: policy.WhySilent, Due: &record.Due,
	}
	if d := cmp.Diff(want, q); d != "" {
		t.Error(d)
	}
}

func TestTheSameQuestionHasTheSameID(t *testing.T) {
	later := record
	later.Version, later.Since = 7, noon
	again := record
	again.Since = noon.Add(time.Hour)
	create := policy.Step{Kind: policy.Create}
	for name, c := range map[string]struct {
		a, b Question
		same bool
	}{
		"a later version":       {questionOf(record, off), questionOf(later, off), true},
		"switched off again":    {questionOf(record, off), questionOf(again, off), false},
		"a new claim":           {questionOf(record, create), questionOf(again, create), true},
		"create and deactivate": {questionOf(record, off), questionOf(record, create), false},
	} {
		if (c.a.ID == c.b.ID) != c.same {
			t.Errorf("%s: %s and %s", name, c.a.ID, c.b.ID)
		}
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		text   string
		want   policy.Answer
		fails  bool
	}{
		"allow":                   {200, `{"decision":"allow"}`, policy.Answer{Allowed: true}, false},
		"deny":                    {200, `{"decision":"deny","ticket":"CHG1","reason":"freeze\nat the \u001b[31mbank"}`, policy.Answer{Ticket: "CHG1", Reason: "freeze at the [31mbank"}, false},
		"another spelling":        {200, `{"decision":"ALLOW"}`, policy.Answer{}, true},
		"no decision":             {200, `{}`, policy.Answer{}, true},
		"a list":                  {200, `["allow"]`, policy.Answer{}, true},
		"nothing":                 {200, ``, policy.Answer{}, true},
		"two decisions":           {200, `{"decision":"allow"}{"decision":"deny"}`, policy.Answer{}, true},
		"accepted, with text":     {202, `{"decision":"allow"}`, policy.Answer{Allowed: true}, false},
		"an error that says yes":  {500, `{"decision":"allow"}`, policy.Answer{}, true},
		"not found that says yes": {404, `{"decision":"allow"}`, policy.Answer{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := board(t, c.status, c.text)
			got, err := g.Ask(t.Context(), record, off)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestItTakesTooLong(t *testing.T) {
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(func() { close(hold); srv.Close() })
	g := Gate{Endpoint: webhook.Endpoint{URL: srv.URL + "/T0KEN", Now: time.Now}}
	g.Timeout = 20 * time.Millisecond
	answer, err := g.Ask(t.Context(), record, off)
	if answer.Allowed || err == nil || strings.Contains(err.Error(), "T0KEN") {
		t.Errorf("%+v %v", answer, err)
	}
}

func TestItIsAskedOnlyBefore(t *testing.T) {
	g, asked := board(t, 200, `{"decision":"deny"}`)
	g.Before = []policy.Kind{policy.Delete}
	if answer, err := g.Ask(t.Context(), record, off); !answer.Allowed || err != nil || len(*asked) > 0 {
		t.Errorf("%+v %v, %d questions", answer, err, len(*asked))
	}
	if answer, _ := g.Ask(t.Context(), record, policy.Step{Kind: policy.Delete}); answer.Allowed {
		t.Error("allowed")
	}
}
