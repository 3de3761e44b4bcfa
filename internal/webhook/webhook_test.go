package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// The example of the specification's reference implementations.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func TestSignAsOthersDo(t *testing.T) {
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("%s %v, want %s", got, err, want)
	}
}

type receiver struct {
	*httptest.Server
	statuses []int // of the answers, in order; then 200
	ids      []string
	refused  error // of Verify
}

func receive(t *testing.T, secret string, statuses ...int) *receiver {
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.ids = append(r.ids, request.Header.Get(IDHeader))
		if secret != "" {
			r.refused = errors.Join(r.refused, Verify(secret, request.Header, body, noon.Add(time.Minute), 5*time.Minute))
		}
		status := http.StatusOK
		if len(r.ids) <= len(r.statuses) {
			status = r.statuses[len(r.ids)-1]
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "answer")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) endpoint(secret string) Endpoint {
	return Endpoint{URL: r.URL + "/hook/T0KEN", Secret: secret, Now: func() time.Time { return noon }, Sleep: func(context.Context, time.Duration) error { return nil }}
}

func TestPost(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		tries    int
		fails    bool
		refused  bool
	}{
		"taken":                 {nil, 1, false, false},
		"down for a moment":     {[]int{503, 429}, 3, false, false},
		"down":                  {[]int{500, 502, 503}, 3, true, false},
		"refused":               {[]int{403}, 1, true, true},
		"gone":                  {[]int{410}, 1, true, true},
		"redirects are refused": {[]int{302}, 1, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, "s3cr3t", c.statuses...)
			answer, err := r.endpoint("s3cr3t").Post(t.Context(), "m1", "application/json", []byte("{}"))
			if len(r.ids) != c.tries || (err != nil) != c.fails || errors.Is(err, ErrRefused) != c.refused {
				t.Errorf("%d tries, %v", len(r.ids), err)
			}
			if err == nil && string(answer) != "answer" {
				t.Errorf("answer %q", answer)
			}
			if err != nil && (strings.Contains(err.Error(), "T0KEN") || strings.Contains(err.Error(), "s3cr3t")) {
				t.Errorf("the error tells: %v", err)
			}
			if r.refused != nil {
				t.Error(r.refused)
			}
			for _, id := range r.ids {
				if id != "m1" {
					t.Errorf("ID %q", id)
				}
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	r := receive(t, "")
	r.Close()
	_, err := r.endpoint("").Post(t.Context(), "m1", "application/json", nil)
	if err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "T0KEN") {
		t.Errorf("%v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	body := []byte("{}")
	signature, _ := Sign("s3cr3t", "m1", noon, body)
	header := func(id, at, signature string) http.Header {
		h := http.Header{}
		h.Set(IDHeader, id)
		h.Set(TimestampHeader, at)
		h.Set(SignatureHeader, signature)
		return h
	}
	const at = "1795435200"
	for name, c := range map[string]struct {
		header http.Header
		secret string
		now    time.Time
		fine   bool
	}{
		"as signed":             {header("m1", at, signature), "s3cr3t", noon, true},
		"among others":          {header("m1", at, "v1,AAAA "+signature), "s3cr3t", noon, true},
		"another ID":            {header("m2", at, signature), "s3cr3t", noon, false},
		"another time":          {header("m1", "1795435201", signature), "s3cr3t", noon, false},
		"another secret":        {header("m1", at, signature), "other", noon, false},
		"long ago":              {header("m1", at, signature), "s3cr3t", noon.Add(6 * time.Minute), false},
		"from the future":       {header("m1", at, signature), "s3cr3t", noon.Add(-6 * time.Minute), false},
		"no time":               {header("m1", "", signature), "s3cr3t", noon, false},
		"no signature":          {header("m1", at, ""), "s3cr3t", noon, false},
		"a secret of no base64": {header("m1", at, signature), "whsec_!", noon, false},
	} {
		if err := Verify(c.secret, c.header, body, c.now, 5*time.Minute); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for url, fine := range map[string]bool{
		"https://hooks.example.com/x":           true,
		"http://hooks.example.com/x whsec_AA==": true,
		"https://hooks.example.com whsec_?":     false,
		"slack://x":                             false,
		"":                                      false,
	} {
		url, secret, _ := strings.Cut(url, " ")
		if err := (Endpoint{URL: url, Secret: secret}).Check(); (err == nil) != fine {
			t.Errorf("%s %s: %v", url, secret, err)
		}
	}
}
