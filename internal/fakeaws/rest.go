package fakeaws

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// route is an address of a REST service: GET /2015-03-31/functions/{FunctionName}.
type route struct{ method, template, action string }

// rest reports whether method and path name the service's actions.
func (s *service) rest() bool { return s.routes != nil || s.paths != nil }

// findRoute finds the action that a request is for, and the parameters in its path.
func findRoute(routes []route, r *http.Request) (action string, uri map[string]string) {
	path := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for _, candidate := range routes {
		if candidate.method != r.Method {
			continue
		}
		if uri, ok := matchPath(strings.Split(strings.Trim(candidate.template, "/"), "/"), path); ok {
			return candidate.action, uri
		}
	}
	return "", nil
}

func matchPath(template, path []string) (map[string]string, bool) {
	if len(template) != len(path) {
		return nil, false
	}
	uri := map[string]string{}
	for i, part := range template {
		name, variable := strings.CutPrefix(part, "{")
		text, err := url.PathUnescape(path[i])
		switch {
		case err != nil || !variable && text != part:
			return nil, false
		case variable:
			uri[strings.TrimSuffix(name, "}")] = text
		}
	}
	return uri, true
}

// query is a parameter behind the question mark.
func (r *request) query(name string) string { return r.http.URL.Query().Get(name) }

// restAnswer is an answer of a REST service that isn't a document with status 200.
type restAnswer struct {
	status int
	header map[string]string
	body   any    // JSON; nil: none
	raw    []byte // instead of body
}

func (a restAnswer) answer() answer {
	out := answer{status: a.status, header: contentType("application/json"), body: a.raw}
	for name, value := range a.header {
		out.header.Set(name, value)
	}
	if a.body != nil {
		out.body = jsonOf(a.body)
	}
	return out
}

// documentOf is the document of an answer, as far as CloudTrail may tell it.
func documentOf(content any) any {
	switch content := content.(type) {
	case restAnswer:
		return content.body
	case unlocked:
		return nil
	}
	return content
}

// noContent is the answer of REST calls that have nothing to say.
func noContent() (any, *apiError) { return restAnswer{status: http.StatusNoContent}, nil }

// members are the names of the members that a call's document has.
func (r *request) members() map[string]json.RawMessage {
	var given map[string]json.RawMessage
	_ = json.Unmarshal(r.body, &given) // decode has said what is wrong with it
	return given
}
