package conformance

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// checked is a handler whose every answer is held to the API models.
type checked struct {
	next   http.Handler
	models map[string]*model
	t      *testing.T

	mu      sync.Mutex
	actions map[string]int // "iam.ListUsers" → answers checked
}

// recorder is the http.ResponseWriter that keeps a copy of the answer.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

func (c *checked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	c.next.ServeHTTP(rec, r)

	service, action := target(r, string(body))
	m := c.models[service]
	if m != nil && m.Metadata.Protocol == "rest-json" {
		action = m.route(r)
	}
	if m == nil || action == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.actions[service+"."+action]++
	for _, wrong := range checkAnswer(service, m, action, rec.status, w.Header(), rec.body.Bytes()) {
		c.t.Errorf("%s %s: %s", service, action, wrong)
	}
	if w.Header().Get("X-Amzn-Requestid") == "" {
		c.t.Errorf("%s %s: no x-amzn-RequestId header", service, action)
	}
	if w.Header().Get("Date") == "" {
		c.t.Errorf("%s %s: no Date header", service, action)
	}
}

var scope = regexp.MustCompile(`Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request`)

// route tells the action of a service whose addresses name it.
func (m *model) route(r *http.Request) string {
	for name, op := range m.Operations {
		if op.HTTP.Method == r.Method && addressed(op.HTTP.URI, r.URL.EscapedPath()) {
			return name
		}
	}
	return ""
}

// addressed holds a path against a model's address, {parameters} in which stand for
// anything.
func addressed(uri, path string) bool {
	want, have := strings.Split(strings.Trim(uri, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	for i := range want {
		if len(want) != len(have) || want[i] != have[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// target tells which service and action a request is for, as AWS would.
func target(r *http.Request, body string) (service, action string) {
	if m := scope.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		service = m[1]
	}
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		return service, t[strings.LastIndexByte(t, '.')+1:]
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return service, ""
	}
	return service, form.Get("Action")
}
