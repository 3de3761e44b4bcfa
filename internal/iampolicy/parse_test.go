package iampolicy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSaysWhere(t *testing.T) {
	for doc, want := range map[string]string{
		``:                         `the JSON ends too early`,
		`{`:                        `the JSON ends too early`,
		`[]`:                       `want an object, got an array`,
		`{"Statement":[]}x`:        `text after the policy's closing brace`,
		`{"Statement":[]}`:         `Statement: is empty`,
		`{"Version":"2012-10-17"}`: `no Statement`,
		`{"Version":"2012-10-18","Statement":{}}`:                                                          `Version: "2012-10-18" is neither`,
		`{"Statement":{},"Statement":{}}`:                                                                  `duplicate member "Statement"`,
		`{"Statement":{},"Extra":1}`:                                                                       `unknown element "Extra"`,
		`{"Statement":[{"Effect":"Allow","Action":"*"},{"Effect":"allow"}]}`:                               `Statement[1].Effect: "allow" is neither`,
		`{"Statement":[{"Effect":"Allow","Action":"*"},7]}`:                                                `Statement[1]: want an object, got a number`,
		`{"Statement":{"Action":"*"}}`:                                                                     `Statement: no Effect`,
		`{"Statement":{"Effect":"Allow"}}`:                                                                 `Statement: neither Action nor NotAction`,
		`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"s3:*"}}`:                                 `Statement: both Action and NotAction`,
		`{"Statement":{"Effect":"Allow","Action":["s3:*",null]}}`:                                          `Statement.Action[1]: want a string, got null`,
		`{"Statement":{"Effect":"Allow","Action":[]}}`:                                                     `Statement.Action: is empty`,
		`{"Statement":{"Effect":"Allow","Action":"ListUsers"}}`:                                            `"ListUsers" does not begin with a service`,
		`{"Statement":{"Effect":"Allow","Action":"i*m:ListUsers"}}`:                                        `"i*m:ListUsers" is not a service and an action`,
		`{"Statement":{"Effect":"Allow","Action":"a:b:c"}}`:                                                `more than one colon`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":{}}}`:                                      `Statement.Resource: want a string or an array of strings, got an object`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resources":"*"}}`:                                    `Statement.Resources: unknown element`,
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":"bob"}}`:                                  `Statement.Principal: want "*" or an object`,
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":{"User":"bob"}}}`:                         `Statement.Principal.User: unknown kind of principal`,
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Stringequals":{"a:b":"c"}}}}`:           `Statement.Condition.Stringequals: unknown condition operator`,
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"NullIfExists":{"a:b":"true"}}}}`:        `unknown condition operator`,
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":{}}}}}`:                    `Statement.Condition.Bool.a:b: value 0: want a string, got an object`,
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":"a"}}}`:                           `Statement.Condition.Bool: want an object, got a string`,
		`{"Statement":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`:                          `nested too deeply`,
		"{\"Statement\":\"\xff\"}":                                                                         `not UTF-8`,
		`{"Statement":{"Effect":"Allow","Action":"*",}}`:                                                   `JSON at byte`,
		`{"Version":"2012-10-17","Statement":[{"Sid":1,"Effect":"Allow","Action":"*"}]}`:                   `Statement[0].Sid: want a string, got a number`,
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":{}}}`:                                     `Statement.Principal: is empty`,
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":{"AWS":"*"},"NotPrincipal":{"AWS":"*"}}}`: `both Principal and NotPrincipal`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`:                   `both Resource and NotResource`,
	} {
		_, err := Parse(doc)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s)\n got %v\nwant %s", doc, err, want)
		}
	}
}

func TestParseKeepsEverything(t *testing.T) {
	got := mustParse(t, `{
  "Version": "2012-10-17", "Id": "doc",
  "Statement": {
    "Sid": "One", "Effect": "Deny", "NotAction": ["s3:*", "iam:*"], "NotResource": "arn:aws:s3:::b",
    "NotPrincipal": {"AWS": ["123456789012", "*"], "Service": "ec2.amazonaws.com"},
    "Condition": {"Bool": {"aws:SecureTransport": false}, "NumericEquals": {"s3:max-keys": [1, "2"]}}
  }
}`)
	if got.Version != "2012-10-17" || got.ID != "doc" || len(got.Statements) != 1 {
		t.Fatalf("%+v", got)
	}
	s := got.Statements[0]
	type shown struct {
		Sid, Effect   string
		NotActions    []string
		NotResources  []string
		NotPrincipals []Principal
		Operators     []string
		Values        [][]string
		Start, End    Position
	}
	seen := shown{Sid: s.Sid, Effect: string(s.Effect), NotActions: s.NotActions, NotResources: s.NotResources, NotPrincipals: s.NotPrincipals, Start: s.Start, End: s.End}
	for _, c := range s.Conditions {
		seen.Operators = append(seen.Operators, c.Operator+" "+c.Key)
		seen.Values = append(seen.Values, c.Values)
	}
	want := shown{
		Sid: "One", Effect: "Deny", NotActions: []string{"s3:*", "iam:*"}, NotResources: []string{"arn:aws:s3:::b"},
		NotPrincipals: []Principal{{"AWS", "123456789012"}, {"AWS", "*"}, {"Service", "ec2.amazonaws.com"}},
		Operators:     []string{"Bool aws:SecureTransport", "NumericEquals s3:max-keys"},
		Values:        [][]string{{"false"}, {"1", "2"}},
		Start:         Position{3, 16}, End: Position{7, 4},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestCheck(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[{` + s + `}]}` }
	for _, tt := range []struct {
		check     func(string) error
		doc, want string
	}{
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*","Resource":"*"`), ""},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"`), ""},
		{CheckIdentity, `{}`, "Syntax errors in policy."},
		{CheckIdentity, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"`), "Policy document should not specify a principal."},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*"`), "Policy statement must contain resources."},
		{CheckIdentity, statement(`"Effect":"Allow","Resource":"*"`), "Policy statement must contain actions."},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"ListUsers","Resource":"*"`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*","Resource":"bucket"`), `Resource bucket must be in ARN format or "*".`},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"s3:*","Resource":"arn:azure:s3:::b"`), `Partition "azure" is not valid for resource "arn:azure:s3:::b".`},
		{CheckIdentity, statement(`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam:us-east-1::user/x"`), `IAM resource arn:aws:iam:us-east-1::user/x cannot contain region information.`},
		{CheckIdentity, `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"}]}`, "Statement IDs (SID) in a single policy must be unique."},
		{CheckTrust, statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}`), ""},
		{CheckTrust, statement(`"Effect":"Allow","Action":"sts:AssumeRole"`), "Missing required field Principal"},
		{CheckTrust, statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"`), "Has prohibited field Resource"},
		{CheckTrust, statement(`"Effect":"Allow","Action":"s3:*","Principal":"*"`), "AssumeRole policy may only specify STS AssumeRole actions."},
	} {
		err := tt.check(tt.doc)
		if got := ""; err != nil {
			var m Malformed
			if got = err.Error(); got != tt.want || !errors.As(err, &m) {
				t.Errorf("%s\n got %q\nwant %q", tt.doc, got, tt.want)
			}
		} else if tt.want != "" {
			t.Errorf("%s passes, want %q", tt.doc, tt.want)
		}
	}
}
