package fakeaws

import (
	"strconv"
	"strings"

	"github.com/keytend/keytend/internal/iampolicy"
)

func simulationActions() map[string]action {
	return map[string]action{
		"SimulatePrincipalPolicy": {do: simulatePrincipalPolicy, on: onPolicySource, needs: []string{"PolicySourceArn", "ActionNames"}},
	}
}

// onPolicySource is who is simulated. Simulating oneself needs the permission
// like simulating anybody else.
func onPolicySource(r *request) target { return target{arn: r.value("PolicySourceArn")} }

type statementShape struct {
	SourcePolicyId, SourcePolicyType string
	StartPosition, EndPosition       positionShape
}

type positionShape struct{ Line, Column int }

type organizationsShape struct{ AllowedByOrganizations bool }

type simulatedBoundaryShape struct{ AllowedByPermissionsBoundary bool }

type evaluationShape struct {
	EvalActionName, EvalResourceName, EvalDecision string
	MatchedStatements                              []statementShape
	MissingContextValues                           []string
	OrganizationsDecisionDetail                    *organizationsShape
	PermissionsBoundaryDecisionDetail              *simulatedBoundaryShape
}

// simulation is a SimulatePrincipalPolicy call taken apart.
type simulation struct {
	policies iampolicy.Policies
	grants   []grant
	caller   iampolicy.Caller
	context  map[string][]string
	governed bool // service control policies were judged
	account  string
}

func simulatePrincipalPolicy(r *request) (any, *apiError) {
	s, err := r.simulation()
	if err != nil {
		return nil, err
	}
	resources := r.list("ResourceArns")
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	results := []evaluationShape{}
	for _, name := range r.list("ActionNames") {
		if !strings.Contains(name, ":") {
			return nil, errInvalidInput("Invalid Action Name: " + name)
		}
		for _, resource := range resources {
			results = append(results, s.evaluate(name, resource))
		}
	}
	numbered := make([]int, len(results))
	for i := range numbered {
		numbered[i] = i
	}
	numbered, end, err := paginate(r, numbered, func(i int) string { return strconv.Itoa(1_000_000 + i) })
	if err != nil {
		return nil, err
	}
	if len(numbered) > 0 {
		results = results[numbered[0] : numbered[0]+len(numbered)]
	}
	return struct {
		EvaluationResults []evaluationShape
		page
	}{results, end}, nil
}

// simulation reads who is simulated, with which further policies and context.
func (r *request) simulation() (*simulation, *apiError) {
	s, err := r.simulated(r.value("PolicySourceArn"))
	if err != nil {
		return nil, err
	}
	for i, text := range r.list("PolicyInputList") {
		if err := r.addInput(s, "PolicyInputList."+strconv.Itoa(i+1), text); err != nil {
			return nil, err
		}
	}
	for _, text := range r.list("PermissionsBoundaryPolicyInputList") {
		doc, err := iampolicy.Parse(text)
		if err != nil {
			return nil, errInvalidInput("Invalid Input Policy: " + err.Error())
		}
		s.policies.Boundary = &doc
	}
	if arn := r.value("CallerArn"); arn != "" {
		s.caller.ARN = arn
	}
	for i := 1; r.form.Has("ContextEntries.member." + strconv.Itoa(i) + ".ContextKeyName"); i++ {
		at := "ContextEntries.member." + strconv.Itoa(i) + "."
		s.context[r.value(at+"ContextKeyName")] = r.list(at + "ContextKeyValues")
	}
	return s, nil
}

func (r *request) addInput(s *simulation, name, text string) *apiError {
	doc, err := iampolicy.Parse(text)
	if err != nil {
		return errInvalidInput("Invalid Input Policy: " + err.Error())
	}
	s.grants = append(s.grants, grant{name: name, source: "none"})
	s.policies.Identity = append(s.policies.Identity, doc)
	return nil
}

// simulated gathers the policies of a user, group or role of the account.
func (r *request) simulated(arn string) (*simulation, *apiError) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || parts[4] != r.account.id {
		return nil, errInvalidInput("Invalid Entity Arn: " + arn)
	}
	kind, path, _ := strings.Cut(parts[5], "/")
	s := &simulation{account: r.account.id, context: map[string][]string{}, caller: iampolicy.Caller{Account: r.account.id, ARN: arn}}
	boundary, found, err := s.hold(r.account, kind, path[strings.LastIndexByte(path, '/')+1:])
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errNoEntity("No such entity exists: " + arn)
	}
	s.policies = iampolicy.Policies{Identity: r.aws.documents(s.grants), Boundary: r.aws.boundary(r.account, boundary)}
	if kind != "group" {
		s.policies.SCPs = r.aws.controlPolicies(r.account)
	}
	s.governed = len(s.policies.SCPs) > 0
	return s, nil
}

// hold has the simulation hold what a user, group or role holds.
func (s *simulation) hold(acct *account, kind, name string) (boundary string, found bool, err *apiError) {
	switch kind {
	case "user":
		u, found := acct.users.get(name)
		if found {
			s.grants, boundary = acct.grantedToUser(u), u.boundary
			s.context["aws:username"], s.context["aws:userid"] = []string{u.name}, []string{u.id}
		}
		return boundary, found, nil
	case "role":
		held, found := acct.roles.get(name)
		if found {
			s.grants, boundary = acct.granted(&held.grants), held.boundary
		}
		return boundary, found, nil
	case "group":
		g, found := acct.groups.get(name)
		if found {
			s.grants = acct.granted(&g.grants)
		}
		return "", found, nil
	}
	return "", false, errInvalidInput("Invalid Entity Arn: " + kind + "/" + name + " does not clearly define entity type and name.")
}

func (s *simulation) evaluate(name, resource string) evaluationShape {
	d := s.policies.Decide(iampolicy.Request{
		Caller: s.caller, Action: name, Resource: resource, ResourceAccount: s.account, Context: s.context,
	})
	shape := evaluationShape{
		EvalActionName: name, EvalResourceName: resource, EvalDecision: d.Outcome.String(),
		MatchedStatements: []statementShape{}, MissingContextValues: append([]string{}, d.MissingContext...),
	}
	for _, m := range d.Matched {
		shape.MatchedStatements = append(shape.MatchedStatements, s.statement(m))
	}
	if s.governed {
		shape.OrganizationsDecisionDetail = &organizationsShape{d.AllowedByOrganizations}
	}
	if s.policies.Boundary != nil {
		shape.PermissionsBoundaryDecisionDetail = &simulatedBoundaryShape{d.AllowedByBoundary}
	}
	return shape
}

func (s *simulation) statement(m iampolicy.Match) statementShape {
	shape := statementShape{SourcePolicyId: string(m.Layer), SourcePolicyType: "none", StartPosition: positionShape(m.Start), EndPosition: positionShape(m.End)}
	if m.Layer == iampolicy.IdentityPolicy {
		shape.SourcePolicyId, shape.SourcePolicyType = s.grants[m.Document].name, s.grants[m.Document].source
	}
	return shape
}
