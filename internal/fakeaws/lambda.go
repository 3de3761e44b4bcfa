package fakeaws

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

// FunctionSpec describes a function of Lambda.
type FunctionSpec struct {
	Name                string
	Region              string // empty: us-east-1
	Role                string // ARN of the execution role
	Architecture        string // x86_64, arm64; empty: x86_64
	Runtime             string // empty: provided.al2023
	Environment         map[string]string
	Timeout             time.Duration // zero: three seconds
	ReservedConcurrency int           // zero: not reserved
	ARN                 string        // as it is told; not asked for
	// Policy is the function's resource policy: who may invoke it; empty: nobody
	// but the account's own identities.
	Policy string
}

// code is what a function does with an event. An error is a function error.
type code func(ctx context.Context, payload []byte) ([]byte, error)

// function is a function of Lambda.
type function struct {
	home    *stores
	spec    FunctionSpec
	changed time.Time
	run     code // nil: none that the simulation knows
	busy    int  // invocations under way
	// reserved is how many of them there may be at once; nil: as many as one likes.
	reserved    *int
	settings    functionSettings
	tags        map[string]string
	permissions []permission
	async       *asyncSettings
	sha         string
	size        int
}

func (f *function) arn() string { return f.home.arn("lambda", "function:"+f.spec.Name) }

func (s *stores) seedFunction(spec FunctionSpec) {
	spec.Architecture = cmp.Or(spec.Architecture, "x86_64")
	spec.Runtime = cmp.Or(spec.Runtime, "provided.al2023")
	spec.Timeout = cmp.Or(spec.Timeout, 3*time.Second)
	spec.Environment = copied(spec.Environment)
	f := &function{home: s, spec: spec, settings: functionSettings{
		Role: spec.Role, Runtime: spec.Runtime, Handler: "bootstrap", Timeout: int(spec.Timeout / time.Second), Environment: &variables{spec.Environment},
	}}
	f.settle(s.account.created)
	f.store(uploaded{})
	f.givePolicy(spec.Policy)
	if spec.ReservedConcurrency > 0 {
		f.reserve(&spec.ReservedConcurrency)
	}
	s.functions[spec.Name] = f
}

// functionByARN finds a function; nil: there is none.
func (a *AWS) functionByARN(text string) *function {
	arn, ok := parseARN(text)
	name, isFunction := strings.CutPrefix(arn.resource, "function:")
	acct := a.accountByID(arn.account)
	if !ok || arn.service != "lambda" || !isFunction || acct == nil {
		return nil
	}
	name, _, _ = strings.Cut(name, ":") // a version or an alias: the code is the same
	return acct.in(arn.region).functions[name]
}

// AddFunction adds a function to an account, and its role if there is none of that
// name: what a simulation has beside what its account was seeded with.
func (a *AWS) AddFunction(account string, f FunctionSpec, r RoleSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if _, there := acct.roles.get(r.Name); !there {
		acct.roles.put(r.Name, acct.seededRole(r))
	}
	acct.in(cmp.Or(f.Region, standardRegion)).seedFunction(f)
}

// SetFunctionCode says what an existing function does from now on. An error that
// run returns is a function error (X-Amz-Function-Error: Unhandled). A function
// that there isn't is a mistake of the caller's and panics.
func (a *AWS) SetFunctionCode(arn string, run func(ctx context.Context, payload []byte) ([]byte, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.functionByARN(arn)
	if f == nil {
		panic("fakeaws: no function " + arn)
	}
	f.run = run
}

// RunFunctions says what the functions do of which SetFunctionCode says nothing,
// those that are made later among them. f describes the function that is invoked.
func (a *AWS) RunFunctions(run func(ctx context.Context, f FunctionSpec, payload []byte) ([]byte, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runOthers = run
}

// lambdaSays are the condition keys that Lambda sends when it assumes a function's
// role. A role's session has the function's name.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-managed-policies.html
func lambdaSays(function string) map[string][]string {
	return map[string][]string{"aws:SourceAccount": {strings.Split(function, ":")[4]}, "aws:SourceArn": {function}}
}

// RoleSession makes a session of a role for an hour or the role's own maximum, whichever is
// longer, as Lambda puts it into a function's environment: the trust policy must
// let lambda.amazonaws.com assume it.
func (a *AWS) RoleSession(roleARN, sessionName string) (keyID, secret, token string, err error) {
	parts := strings.SplitN(roleARN, ":", 6)
	if len(parts) != 6 {
		return "", "", "", fmt.Errorf("assume role %s: no ARN", roleARN)
	}
	function := "arn:" + parts[1] + ":lambda:" + standardRegion + ":" + parts[4] + ":function:" + sessionName
	return a.Enter(roleARN, sessionName, Entry{Caller: iampolicy.Caller{Service: "lambda.amazonaws.com"}, Action: "sts:AssumeRole", Facts: lambdaSays(function)})
}

// Entry is how somebody comes by a role that calls no API of this account's: a
// service of AWS, or whoever has an identity provider's token.
type Entry struct {
	Caller iampolicy.Caller
	Action string              // sts:AssumeRole, sts:AssumeRoleWithWebIdentity
	Facts  map[string][]string // condition keys that are sent
}

// SignIn makes a session of a role, as Enter does, for a person whom a SAML provider
// of the role's account knows, given by its ARN: Identity Center's, say.
func (a *AWS) SignIn(roleARN, sessionName, provider string) (keyID, secret, token string, err error) {
	account := strings.Split(provider+"::::", ":")[4]
	return a.Enter(roleARN, sessionName, Entry{
		Caller: iampolicy.Caller{Account: account, IdP: provider}, Action: "sts:AssumeRoleWithSAML",
		Facts: map[string][]string{"SAML:aud": {"https://signin.aws.amazon.com/saml"}},
	})
}

// Enter makes a session of a role, as RoleSession does, for whoever the role's
// trust policy lets in.
func (a *AWS) Enter(roleARN, sessionName string, by Entry) (keyID, secret, token string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &request{aws: a, now: a.clock.now()}
	acct, found := r.roleByARN(roleARN)
	if found == nil {
		return "", "", "", fmt.Errorf("assume role %s: there is none", roleARN)
	}
	doc := a.document(found.trust)
	allowed := iampolicy.Policies{Resource: &doc, ResourceDecides: true}.Decide(iampolicy.Request{
		Caller: by.Caller, Action: by.Action, Resource: roleARN, ResourceAccount: acct.id, Context: by.Facts,
	}).Allowed()
	if !allowed {
		return "", "", "", fmt.Errorf("assume role %s: it does not trust %s%s", roleARN, by.Caller.Service, by.Caller.IdP)
	}
	s := r.newSession(acct, max(found.maxSession, time.Hour))
	s.role, s.name = found, sessionName
	a.sessions[s.id] = s
	return s.id, s.secret, s.token, nil
}
