package fakeaws

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// permission is a statement of a function's policy.
type permission struct {
	sid       string
	statement json.RawMessage
}

// policy is the function's policy; empty where nobody was given a permission.
func (f *function) policy() string {
	if len(f.permissions) == 0 {
		return ""
	}
	var all []json.RawMessage
	for _, p := range f.permissions {
		all = append(all, p.statement)
	}
	return string(jsonOf(struct {
		Version   string
		ID        string `json:"Id"`
		Statement []json.RawMessage
	}{"2012-10-17", "default", all}))
}

// givePolicy takes over the statements of a policy that was seeded.
func (f *function) givePolicy(text string) {
	var doc struct{ Statement []json.RawMessage }
	if text == "" || json.Unmarshal([]byte(text), &doc) != nil {
		return
	}
	for _, s := range doc.Statement {
		var named struct{ Sid string }
		_ = json.Unmarshal(s, &named) // an object, as all of a policy's statements
		f.permissions = append(f.permissions, permission{named.Sid, s})
	}
}

type addPermissionInput struct {
	StatementID    string `json:"StatementId"`
	Action         string
	Principal      string
	SourceArn      string
	SourceAccount  string
	PrincipalOrgID string
}

func addPermission(r *request, f *function) (any, *apiError) {
	in, err := decode[addPermissionInput](r)
	if err != nil {
		return nil, err
	}
	switch {
	case in.StatementID == "" || in.Action == "" || in.Principal == "":
		return nil, lambdaError(400, "InvalidParameterValueException", "StatementId, Action and Principal are required")
	case slices.ContainsFunc(f.permissions, func(p permission) bool { return p.sid == in.StatementID }):
		return nil, lambdaError(409, "ResourceConflictException", "The statement id ("+in.StatementID+") provided already exists. "+
			"Please provide a new statement id, or remove the existing statement.")
	}
	statement := jsonOf(in.statement(f.arn(), r.account.partition))
	f.permissions = append(f.permissions, permission{in.StatementID, statement})
	return restAnswer{status: http.StatusCreated, body: struct{ Statement string }{string(statement)}}, nil
}

func (in addPermissionInput) statement(arn, partition string) map[string]any {
	principal := any(map[string]string{"Service": in.Principal})
	switch {
	case in.Principal == "*":
		principal = "*"
	case !strings.Contains(in.Principal, ".amazonaws.com"):
		who := in.Principal
		if !strings.HasPrefix(who, "arn:") {
			who = "arn:" + partition + ":iam::" + who + ":root"
		}
		principal = map[string]string{"AWS": who}
	}
	s := map[string]any{"Sid": in.StatementID, "Effect": "Allow", "Principal": principal, "Action": in.Action, "Resource": arn}
	conditions := map[string]map[string]string{}
	if in.SourceAccount != "" {
		conditions["StringEquals"] = map[string]string{"AWS:SourceAccount": in.SourceAccount}
	}
	if in.SourceArn != "" {
		conditions["ArnLike"] = map[string]string{"AWS:SourceArn": in.SourceArn}
	}
	if in.PrincipalOrgID != "" {
		conditions["StringEquals"] = map[string]string{"aws:PrincipalOrgID": in.PrincipalOrgID}
	}
	if len(conditions) > 0 {
		s["Condition"] = conditions
	}
	return s
}

func errNoFunctionPolicy() *apiError {
	return lambdaError(404, "ResourceNotFoundException", "The resource you requested does not exist.")
}

func getFunctionPolicy(_ *request, f *function) (any, *apiError) {
	if len(f.permissions) == 0 {
		return nil, errNoFunctionPolicy()
	}
	return struct {
		Policy     string
		RevisionID string `json:"RevisionId"`
	}{f.policy(), uuidOf(f.policy())}, nil
}

func removePermission(r *request, f *function) (any, *apiError) {
	i := slices.IndexFunc(f.permissions, func(p permission) bool { return p.sid == r.uri["StatementId"] })
	if i < 0 {
		return nil, lambdaError(404, "ResourceNotFoundException", "Statement "+r.uri["StatementId"]+" is not found in resource policy.")
	}
	f.permissions = slices.Delete(f.permissions, i, i+1)
	return noContent()
}
