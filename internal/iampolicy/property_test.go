package iampolicy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		`{"Statement":{"Sid":"x","Effect":"Deny","NotAction":["s3:*"],"NotResource":"arn:aws:s3:::${aws:username, 'x'}/*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["a*","${*}"]}}}}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true},"IpAddress":{"aws:SourceIp":"2001:db8::/32"},"NumericLessThan":{"aws:MultiFactorAuthAge":3600},"DateLessThan":{"aws:CurrentTime":"2026"},"BinaryEquals":{"k":"QQ=="},"Null":{"k":"true"},"ArnLike":{"aws:SourceArn":"arn:aws:*"}}}]}`,
		`{"Statement":[[[[`, `"`, `{"a":{"a":{"a":`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		d, err := Parse(doc)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "parse policy: ") {
				t.Fatalf("error without its operation: %v", err)
			}
			return
		}
		if !json.Valid([]byte(doc)) || len(d.Statements) == 0 {
			t.Fatalf("accepted %q", doc)
		}
		req := alice("iam:GetUser", aliceARN)
		req.Context = map[string][]string{"aws:username": {"alice"}, "aws:TagKeys": {"a", "b"}, "aws:SourceIp": {"::1"}}
		got := Evaluate([]Document{d}, &d, [][]Document{{d}}, &d, req)
		if got.Allowed() && len(got.Matched) == 0 {
			t.Fatal("allowed by nothing")
		}
		Admin([]NamedDocument{{Name: "P", Document: d}})
	})
}

// statementDrawn is a statement that often matches what requestDrawn draws.
func statementDrawn(t *rapid.T) map[string]any {
	s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect")}
	action := rapid.SampledFrom([]string{"*", "iam:*", "iam:Get*", "iam:ListUsers", "s3:*", "s3:GetObject"})
	s[rapid.SampledFrom([]string{"Action", "Action", "NotAction"}).Draw(t, "actions")] = rapid.SliceOfN(action, 1, 3).Draw(t, "action")
	resource := rapid.SampledFrom([]string{"*", "arn:aws:iam::*:user/*", "arn:aws:iam::*:user/${aws:username}", aliceARN, "arn:aws:s3:::example-bucket"})
	s[rapid.SampledFrom([]string{"Resource", "Resource", "NotResource"}).Draw(t, "resources")] = rapid.SliceOfN(resource, 1, 2).Draw(t, "resource")
	if rapid.Bool().Draw(t, "conditional") {
		operator := rapid.SampledFrom([]string{"StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringNotLike"}).Draw(t, "operator")
		key := rapid.SampledFrom([]string{"aws:username", "aws:absent", "aws:TagKeys"}).Draw(t, "key")
		s["Condition"] = map[string]any{operator: map[string]any{key: rapid.SliceOfN(rapid.SampledFrom([]string{"alice", "a*", "x"}), 0, 2).Draw(t, "values")}}
	}
	return s
}

func documentsDrawn(t *rapid.T, label string, most int) []Document {
	var docs []Document
	for range rapid.IntRange(0, most).Draw(t, label) {
		docs = append(docs, documentOf(t, statementDrawn(t)))
	}
	return docs
}

func documentOf(t *rapid.T, statement map[string]any) Document {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(string(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

func policiesDrawn(t *rapid.T) Policies {
	p := Policies{Identity: documentsDrawn(t, "identity", 3), Session: documentsDrawn(t, "session", 1)}
	for range rapid.IntRange(0, 2).Draw(t, "levels") {
		p.SCPs = append(p.SCPs, documentsDrawn(t, "scp", 2))
	}
	if b := documentsDrawn(t, "boundary", 1); len(b) == 1 {
		p.Boundary = &b[0]
	}
	return p
}

func requestDrawn(t *rapid.T) Request {
	req := alice(
		rapid.SampledFrom([]string{"iam:GetUser", "iam:ListUsers", "s3:GetObject"}).Draw(t, "action"),
		rapid.SampledFrom([]string{"*", aliceARN, "arn:aws:s3:::example-bucket"}).Draw(t, "resource"))
	req.ResourceAccount = "123456789012"
	req.Context["aws:TagKeys"] = rapid.SliceOfN(rapid.SampledFrom([]string{"alice", "x"}), 0, 2).Draw(t, "tags")
	return req
}

func TestDenyWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, req := policiesDrawn(t), requestDrawn(t)
		deny := documentOf(t, map[string]any{"Effect": "Deny", "Action": "*", "Resource": "*"})
		with := p
		switch rapid.IntRange(0, 2).Draw(t, "where") {
		case 0:
			with.Identity = slices.Concat(p.Identity, []Document{deny})
		case 1:
			with.SCPs = slices.Concat(p.SCPs, [][]Document{{FullAccess(), deny}})
		case 2:
			with.Boundary = &deny
		}
		if got := with.Decide(req); got.Outcome != ExplicitDeny {
			t.Fatalf("an explicit deny gives %v", got.Outcome)
		}
	})
}

func TestAddedStatements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, req := policiesDrawn(t), requestDrawn(t)
		added := statementDrawn(t)
		with := p
		with.Identity = slices.Concat(p.Identity, []Document{documentOf(t, added)})
		before, after := p.Decide(req), with.Decide(req)
		if added["Effect"] == "Deny" && after.Allowed() && !before.Allowed() {
			t.Fatal("an added deny allows")
		}
		if added["Effect"] == "Allow" && before.Allowed() && !after.Allowed() {
			t.Fatal("an added allow denies")
		}
	})
}

func TestAdminFollowsDenies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var docs []NamedDocument
		for _, d := range documentsDrawn(t, "docs", 4) {
			docs = append(docs, NamedDocument{Name: "P", Document: d})
		}
		before, _ := Admin(docs)
		deny := documentOf(t, map[string]any{"Effect": "Deny", "Action": []string{"iam:*", "sts:*"}, "Resource": "*"})
		after, why := Admin(append(docs, NamedDocument{Name: "D", Document: deny}))
		if after {
			t.Fatalf("admin (%v before) though IAM and STS are denied: %s", before, why)
		}
	})
}

// TestGlobAgainstTheObvious compares the matcher with a recursive one.
func TestGlobAgainstTheObvious(t *testing.T) {
	var obvious func(p, s string) bool
	obvious = func(p, s string) bool {
		if p == "" {
			return s == ""
		}
		if p[0] == '*' {
			return obvious(p[1:], s) || s != "" && obvious(p, s[1:])
		}
		return s != "" && (p[0] == '?' || p[0] == s[0]) && obvious(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "string")
		if got := glob(compile(p, false), s); got != obvious(p, s) {
			t.Fatalf("%q against %q: %v", p, s, got)
		}
	})
}
