package iampolicy

import (
	"fmt"
	"testing"
)

const (
	aliceARN = "arn:aws:iam::123456789012:user/alice"
	roleARN  = "arn:aws:iam::123456789012:role/deploy"
)

func mustParse(t testing.TB, doc string) Document {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return d
}

// policy is a document of one statement.
func policy(t testing.TB, statement string) Document {
	t.Helper()
	return mustParse(t, `{"Version":"2012-10-17","Statement":[{`+statement+`}]}`)
}

func alice(action, resource string) Request {
	return Request{Caller: Caller{Account: "123456789012", ARN: aliceARN}, Action: action, Resource: resource,
		Context: map[string][]string{"aws:username": {"alice"}}}
}

func TestActionsAndResources(t *testing.T) {
	for _, tt := range []struct {
		statement, action, resource string
		want                        Outcome
	}{
		{`"Effect":"Allow","Action":"*","Resource":"*"`, "iam:ListUsers", "*", Allowed},
		{`"Effect":"Allow","Action":"*:*","Resource":"*"`, "iam:ListUsers", "*", Allowed},
		{`"Effect":"Allow","Action":"IAM:list*","Resource":"*"`, "iam:ListUsers", "*", Allowed},
		{`"Effect":"Allow","Action":"iam:List?sers","Resource":"*"`, "iam:ListUsers", "*", Allowed},
		{`"Effect":"Allow","Action":"iam:List?Users","Resource":"*"`, "iam:ListUsers", "*", ImplicitDeny},
		{`"Effect":"Allow","Action":["s3:*","iam:ListUsers"],"Resource":"*"`, "iam:ListUsers", "*", Allowed},
		{`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`, "iam:ListUsers", "*", ImplicitDeny},
		{`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`, "s3:GetObject", "*", Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::123456789012:user/alice"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::123456789012:user/Alice"`, "iam:GetUser", aliceARN, ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/*"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/*"`, "iam:ListUsers", "*", ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:*/alice"`, "iam:GetUser", aliceARN, ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::123456789012:*"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","NotResource":"arn:aws:iam::*:user/a*"`, "iam:GetUser", aliceARN, ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${AWS:UserName}"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:userid}"`, "iam:GetUser", aliceARN, ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:PrincipalTag/n, 'alice'}"`, "iam:GetUser", aliceARN, Allowed},
		{`"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${*}${?}${$}"`, "s3:GetObject", "arn:aws:s3:::b/*?$", Allowed},
		{`"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${*}"`, "s3:GetObject", "arn:aws:s3:::b/x", ImplicitDeny},
		{`"Effect":"Allow","Action":"iam:*","Resource":"*"`, "iam:GetPolicy", "arn:aws:iam::aws:policy/AdministratorAccess", Allowed},
		{`"Effect":"Allow","Action":"s3:*","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::example-bucket/key", Allowed},
		{`"Effect":"Allow","Action":"iam:*","Resource":"*"`, "iam:GetUser", "arn:aws:iam::999999999999:user/bob", ImplicitDeny},
		{`"Effect":"Deny","Action":"s3:*","Resource":"*"`, "s3:GetObject", "*", ExplicitDeny},
	} {
		t.Run(tt.statement, func(t *testing.T) {
			got := Evaluate([]Document{policy(t, tt.statement)}, nil, nil, nil, alice(tt.action, tt.resource))
			if got.Outcome != tt.want {
				t.Errorf("%s on %s: %v, want %v", tt.action, tt.resource, got.Outcome, tt.want)
			}
		})
	}
}

func TestVariablesNeedTheNewVersion(t *testing.T) {
	d := mustParse(t, `{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}}`)
	if got := Evaluate([]Document{d}, nil, nil, nil, alice("iam:GetUser", aliceARN)); got.Allowed() {
		t.Error("a document without Version has no variables")
	}
}

func TestVariableValuesAreLiteral(t *testing.T) {
	d := policy(t, `"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"`)
	req := alice("iam:GetUser", aliceARN)
	req.Context = map[string][]string{"aws:username": {"*"}}
	if Evaluate([]Document{d}, nil, nil, nil, req).Allowed() {
		t.Error("a * in a value became a wildcard")
	}
}

func TestConditions(t *testing.T) {
	ctx := map[string][]string{
		"aws:username": {"alice"}, "aws:SourceIp": {"203.0.113.7"}, "aws:SecureTransport": {"true"},
		"aws:CurrentTime": {"2026-11-01T12:00:00Z"}, "aws:EpochTime": {"1793534400"}, "aws:MultiFactorAuthAge": {"300"},
		"aws:TagKeys": {"team", "cost"}, "aws:PrincipalArn": {aliceARN}, "x:bin": {"QmluYXJ5"}, "x:empty": {""},
	}
	for _, tt := range []struct {
		condition string
		want      bool
	}{
		{`"StringEquals":{"aws:username":"alice"}`, true},
		{`"StringEquals":{"AWS:USERNAME":"alice"}`, true},
		{`"StringEquals":{"aws:username":"Alice"}`, false},
		{`"StringEquals":{"aws:username":"al*"}`, false},
		{`"StringEquals":{"aws:username":["bob","alice"]}`, true},
		{`"StringEquals":{"aws:username":"${aws:username}"}`, true},
		{`"StringEquals":{"aws:absent":"x"}`, false},
		{`"StringEqualsIfExists":{"aws:absent":"x"}`, true},
		{`"StringEqualsIfExists":{"aws:username":"x"}`, false},
		{`"StringNotEquals":{"aws:username":["bob","alice"]}`, false},
		{`"StringNotEquals":{"aws:username":["bob","carol"]}`, true},
		{`"StringNotEquals":{"aws:absent":"x"}`, true},
		{`"StringEqualsIgnoreCase":{"aws:username":"ALICE"}`, true},
		{`"StringNotEqualsIgnoreCase":{"aws:username":"ALICE"}`, false},
		{`"StringLike":{"aws:username":"al?c*"}`, true},
		{`"StringNotLike":{"aws:username":"al*"}`, false},
		{`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}`, true},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:*:user/alice"}`, false},
		{`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`, true},
		{`"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}`, true},
		{`"NumericLessThan":{"aws:MultiFactorAuthAge":300}`, false},
		{`"NumericLessThanEquals":{"aws:MultiFactorAuthAge":300.0}`, true},
		{`"NumericEquals":{"aws:username":"NaN"}`, false},
		{`"NumericNotEquals":{"aws:MultiFactorAuthAge":"300"}`, false},
		{`"NumericGreaterThan":{"aws:MultiFactorAuthAge":"299"}`, true},
		{`"DateGreaterThan":{"aws:CurrentTime":"2026-11-01T11:59:59Z"}`, true},
		{`"DateGreaterThan":{"aws:CurrentTime":"2026-11-01T13:30:00+01:00"}`, false},
		{`"DateLessThanEquals":{"aws:EpochTime":"2026-11-01T12:00:00Z"}`, true},
		{`"DateEquals":{"aws:CurrentTime":"2026-11-01"}`, false},
		{`"DateLessThan":{"aws:CurrentTime":"rubbish"}`, false},
		{`"Bool":{"aws:SecureTransport":true}`, true},
		{`"Bool":{"aws:SecureTransport":"False"}`, false},
		{`"Bool":{"aws:MultiFactorAuthPresent":"false"}`, false},
		{`"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`, true},
		{`"Null":{"aws:MultiFactorAuthAge":"false"}`, true},
		{`"Null":{"aws:absent":true}`, true},
		{`"Null":{"aws:username":"true"}`, false},
		{`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, true},
		{`"IpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.7"]}`, true},
		{`"IpAddress":{"aws:SourceIp":"2001:db8::/32"}`, false},
		{`"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]}`, false},
		{`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, true},
		{`"BinaryEquals":{"x:bin":"QmluYXJ5"}`, true},
		{`"ForAnyValue:StringEquals":{"aws:TagKeys":["team","x"]}`, true},
		{`"ForAnyValue:StringEquals":{"aws:TagKeys":["x"]}`, false},
		{`"ForAnyValue:StringEquals":{"aws:absent":["x"]}`, false},
		{`"ForAnyValue:StringNotEquals":{"aws:TagKeys":"team"}`, true},
		{`"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team","cost"]}`, false},
		{`"ForAnyValue:StringNotEquals":{"aws:absent":"x"}`, false},
		{`"ForAnyValue:StringEqualsIfExists":{"aws:absent":"x"}`, true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`, false},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","x"]}`, true},
		{`"ForAllValues:StringEquals":{"aws:absent":["x"]}`, true},
		{`"ForAllValues:StringEquals":{"x:empty":["x"]}`, true},
		{`"ForAllValues:StringNotLike":{"aws:TagKeys":["te*"]}`, false},
		{`"ForAllValues:StringNotLike":{"aws:TagKeys":["x*"]}`, true},
		{`"StringEquals":{"aws:username":"alice"},"Bool":{"aws:SecureTransport":"false"}`, false},
		{`"StringEquals":{"aws:username":[]}`, false},
		{``, true},
	} {
		t.Run(tt.condition, func(t *testing.T) {
			d := policy(t, `"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+tt.condition+`}`)
			req := alice("iam:ListUsers", "*")
			req.Context = ctx
			if got := Evaluate([]Document{d}, nil, nil, nil, req); got.Allowed() != tt.want {
				t.Errorf("allowed = %v", got.Allowed())
			}
		})
	}
}

func TestLayers(t *testing.T) {
	all := FullAccess()
	none := policy(t, `"Effect":"Allow","Action":"s3:*","Resource":"*"`)
	deny := policy(t, `"Effect":"Deny","Action":"iam:*","Resource":"*"`)
	level := []Document{all}
	for i, tt := range []struct {
		p       Policies
		outcome Outcome
		layer   Layer
		because string
		org     bool
	}{
		{Policies{Identity: []Document{all}}, Allowed, IdentityPolicy, "", true},
		{Policies{}, ImplicitDeny, IdentityPolicy, "because no identity-based policy allows the iam:ListUsers action", true},
		{Policies{Identity: []Document{all, deny}}, ExplicitDeny, IdentityPolicy, "with an explicit deny in an identity-based policy", true},
		{Policies{Identity: []Document{all}, SCPs: [][]Document{level, {all, deny}}}, ExplicitDeny, ServiceControlPolicy, "with an explicit deny in a service control policy", false},
		{Policies{Identity: []Document{all}, SCPs: [][]Document{level, {none}}}, ImplicitDeny, ServiceControlPolicy, "because no service control policy allows the iam:ListUsers action", false},
		{Policies{Identity: []Document{all}, SCPs: [][]Document{level, level}}, Allowed, IdentityPolicy, "", true},
		{Policies{Identity: []Document{all}, Boundary: &none}, ImplicitDeny, Boundary, "because no permissions boundary allows the iam:ListUsers action", true},
		{Policies{Identity: []Document{all}, Boundary: &deny}, ExplicitDeny, Boundary, "with an explicit deny in a permissions boundary", true},
		{Policies{Identity: []Document{all}, Boundary: &all}, Allowed, IdentityPolicy, "", true},
		{Policies{Identity: []Document{all}, Session: []Document{none}}, ImplicitDeny, SessionPolicy, "because no session policy allows the iam:ListUsers action", true},
		{Policies{Identity: []Document{none}, Session: []Document{all}}, ImplicitDeny, IdentityPolicy, "because no identity-based policy allows the iam:ListUsers action", true},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			got := tt.p.Decide(alice("iam:ListUsers", "*"))
			if got.Outcome != tt.outcome || got.Layer != tt.layer || got.Because() != tt.because || got.AllowedByOrganizations != tt.org {
				t.Errorf("got %v by %v, %q, org %v", got.Outcome, got.Layer, got.Because(), got.AllowedByOrganizations)
			}
		})
	}
}

func TestTrustPolicies(t *testing.T) {
	assume := policy(t, `"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"`)
	trust := func(principal, more string) *Document {
		d := policy(t, `"Effect":"Allow","Action":"sts:AssumeRole","Principal":`+principal+more)
		return &d
	}
	other := Caller{Account: "999999999999", ARN: "arn:aws:iam::999999999999:user/bob"}
	self := Caller{Account: "123456789012", ARN: aliceARN}
	session := Caller{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/ci/run", RoleARN: "arn:aws:iam::123456789012:role/ci"}
	external := `,"Condition":{"StringEquals":{"sts:ExternalId":"7"}}`
	for _, tt := range []struct {
		name     string
		caller   Caller
		identity []Document
		trust    *Document
		want     bool
	}{
		{"account root delegates, identity allows", self, []Document{assume}, trust(`{"AWS":"arn:aws:iam::123456789012:root"}`, ""), true},
		{"account root delegates, identity silent", self, nil, trust(`{"AWS":"123456789012"}`, ""), false},
		{"named user needs no identity policy", self, nil, trust(`{"AWS":"`+aliceARN+`"}`, ""), true},
		{"another user named", self, []Document{assume}, trust(`{"AWS":"arn:aws:iam::123456789012:user/bob"}`, ""), false},
		{"cross account needs both", other, nil, trust(`{"AWS":"arn:aws:iam::999999999999:user/bob"}`, ""), false},
		{"cross account has both", other, []Document{assume}, trust(`{"AWS":["arn:aws:iam::999999999999:user/bob"]}`, ""), true},
		{"role session by its role", session, nil, trust(`{"AWS":"arn:aws:iam::123456789012:role/ci"}`, ""), true},
		{"role session by its own ARN", session, nil, trust(`{"AWS":"arn:aws:sts::123456789012:assumed-role/ci/run"}`, ""), true},
		{"service", Caller{Service: "lambda.amazonaws.com"}, nil, trust(`{"Service":"lambda.amazonaws.com"}`, ""), true},
		{"other service", Caller{Service: "ec2.amazonaws.com"}, nil, trust(`{"Service":"lambda.amazonaws.com"}`, ""), false},
		{"star", self, nil, trust(`"*"`, ""), true},
		{"external id missing", self, []Document{assume}, trust(`{"AWS":"123456789012"}`, external), false},
		{"no trust", self, []Document{assume}, &Document{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Evaluate(tt.identity, nil, nil, tt.trust, Request{Caller: tt.caller, Action: "sts:AssumeRole", Resource: roleARN})
			if got.Allowed() != tt.want {
				t.Errorf("got %v by %v", got.Outcome, got.Layer)
			}
		})
	}
}

// TestGrantsPastTheBoundary: a resource's policy that names a user or a session
// grants whatever the boundary says; one that names the role does not.
func TestGrantsPastTheBoundary(t *testing.T) {
	boundary := policy(t, `"Effect":"Allow","Action":"s3:*","Resource":"*"`)
	session := Caller{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/ci/run", RoleARN: "arn:aws:iam::123456789012:role/ci"}
	user := Caller{Account: "123456789012", ARN: aliceARN}
	for _, tt := range []struct {
		caller    Caller
		principal string
		want      bool
	}{
		{user, aliceARN, true},
		{session, session.ARN, true},
		{session, session.RoleARN, false},
		{user, "arn:aws:iam::123456789012:root", false},
	} {
		queue := policy(t, `"Effect":"Allow","Action":"sqs:*","Resource":"*","Principal":{"AWS":"`+tt.principal+`"}`)
		got := Policies{Boundary: &boundary, Resource: &queue}.Decide(Request{
			Caller: tt.caller, Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:123456789012:queue",
		})
		if got.Allowed() != tt.want {
			t.Errorf("%s named as %s: %v by %s", tt.caller.ARN, tt.principal, got.Outcome, got.Layer)
		}
	}
}

func TestMissingContext(t *testing.T) {
	d := policy(t, `"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"StringEquals":{"aws:username":"alice"}}`)
	got := Evaluate([]Document{d}, nil, nil, nil, alice("iam:ListUsers", "*"))
	if len(got.MissingContext) != 1 || got.MissingContext[0] != "aws:MultiFactorAuthPresent" {
		t.Errorf("missing %v", got.MissingContext)
	}
}
