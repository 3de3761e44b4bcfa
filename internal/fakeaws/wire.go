package fakeaws

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxBody bounds a request; IAM's own limit is 1 MB for policies and less for
	// everything else.
	maxBody = 4 << 20
	// maxPackage bounds one of Lambda's, which may bring a function's code along: what
	// its refusal of a greater one says.
	maxPackage = 69905067
)

// parsed is a request of which only the wire form is known: not yet who sent
// it, nor whether they may.
type parsed struct {
	service *service
	action  string
	version string
	form    url.Values
	uri     map[string]string
	body    []byte
	http    *http.Request
}

// parse finds out which service and action a request is for.
func (a *AWS) parse(r *http.Request) (*parsed, *apiError) {
	p := &parsed{service: &a.services[0], http: r}
	body, err := readBody(r)
	if err != nil {
		return p, &apiError{Status: 400, Code: "MalformedInput", Message: err.Error()}
	}
	p.body = body
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return p, p.parseTarget(a, target)
	}
	if s := a.restService(r); s != nil {
		p.service, p.form = s, r.URL.Query()
		if s.paths != nil {
			p.action, p.uri = findRoute(s.paths, r)
		} else {
			p.action = s.routes(r)
		}
		return p, nil
	}
	return p, p.parseForm(a)
}

// restService is the service whose action method and path name: it signs for
// itself, so the scope tells.
func (a *AWS) restService(r *http.Request) *service {
	name := scopeService(r)
	for i := range a.services {
		if s := &a.services[i]; s.rest() && s.name == name {
			return s
		}
	}
	return nil
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	most := maxBody
	if scopeService(r) == "lambda" {
		most = maxPackage
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	if closing := r.Body.Close(); err == nil {
		err = closing
	}
	if err == nil && len(body) > most {
		err = errors.New("request is too large")
	}
	return body, err
}

// parseTarget reads the header of JSON 1.1: "AWSOrganizationsV20161128.ListAccounts".
// What stands before the service's own name is ignored: of CloudTrail older
// clients say com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
func (p *parsed) parseTarget(a *AWS, target string) *apiError {
	dot := strings.LastIndexByte(target, '.')
	if dot >= 0 {
		p.action = target[dot+1:]
		for i := range a.services {
			if s := &a.services[i]; s.protocol == json11 && s.target == target[strings.LastIndexByte(target[:dot], '.')+1:dot] {
				p.service = s
				return nil
			}
		}
	}
	p.service = &service{protocol: json11}
	return errInvalidAction(p.action, "")
}

// parseForm reads the parameters of the Query protocol from the address and the
// body. The service is told by the host where that is AWS's own, else by the
// version, else by the credential scope.
func (p *parsed) parseForm(a *AWS) *apiError {
	form, err := url.ParseQuery(p.http.URL.RawQuery)
	if err != nil {
		return malformedQuery()
	}
	if strings.HasPrefix(p.http.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		inBody, err := url.ParseQuery(string(p.body))
		if err != nil {
			return malformedQuery()
		}
		for name, values := range inBody {
			form[name] = append(form[name], values...)
		}
	}
	p.form, p.action, p.version = form, form.Get("Action"), form.Get("Version")
	if s := a.queryService(p); s != nil {
		p.service = s
	}
	return nil
}

func malformedQuery() *apiError {
	return &apiError{Status: 400, Code: "MalformedQueryString", Message: "The query string contains a syntax error"}
}

func (a *AWS) queryService(p *parsed) *service {
	tests := []func(*service) bool{
		func(s *service) bool { return s.name == hostService(hostOf(p.http)) },
		func(s *service) bool { return s.version == p.version },
		func(s *service) bool { return s.name == scopeService(p.http) },
	}
	for _, fits := range tests {
		for i := range a.services {
			if s := &a.services[i]; s.protocol == queryXML && fits(s) {
				return s
			}
		}
	}
	return nil
}

// hostService is the service that a host name of AWS stands for:
// sts.eu-west-1.amazonaws.com, iam.amazonaws.com, iam.cn-north-1.amazonaws.com.cn.
func hostService(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !strings.HasSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com") {
		return ""
	}
	first, _, _ := strings.Cut(host, ".")
	return strings.TrimSuffix(first, "-fips")
}

// scopeService is the service of the credential scope, as far as it can be read.
func scopeService(r *http.Request) string {
	s, err := parseSignature(r)
	if err != nil {
		return ""
	}
	return s.service
}

// find looks the action up.
func (p *parsed) find() (action, *apiError) {
	if p.action == "" && !p.service.rest() {
		return action{}, &apiError{Status: 400, Code: "MissingAction", Message: "The request must contain the parameter Action"}
	}
	known, ok := p.service.actions[p.action]
	wrongVersion := p.service.protocol == queryXML && p.version != "" && p.version != p.service.version
	if !ok || wrongVersion {
		return action{}, errInvalidAction(p.action, p.version)
	}
	return known, nil
}
