package iampolicy

import (
	"strings"
	"testing"
)

func TestAdmin(t *testing.T) {
	allow := func(action, resource string) string {
		return `"Effect":"Allow","Action":` + action + `,"Resource":"` + resource + `"`
	}
	deny := func(action, resource string) string {
		return `"Effect":"Deny","Action":` + action + `,"Resource":"` + resource + `"`
	}
	mfa := `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`
	notAdmin := ""
	for _, tt := range []struct {
		name       string
		statements []string // one policy each: P0, P1, …
		want       string
	}{
		{"everything", []string{allow(`"*"`, "*")}, "P0 allows every action on every resource"},
		{"everything, spelled out", []string{allow(`"*:*"`, "*")}, "P0 allows every action on every resource"},
		{"all of IAM", []string{allow(`"iam:*"`, "*")}, "P0 allows every IAM action (iam:*)"},
		{"attach to itself", []string{allow(`"iam:AttachUserPolicy"`, "arn:aws:iam::*:user/${aws:username}")},
			"P0 allows iam:AttachUserPolicy on the user itself: it can attach AdministratorAccess to itself"},
		{"put on every user", []string{allow(`"iam:PutUserPolicy"`, "arn:aws-us-gov:iam::123456789012:user/*")},
			"P0 allows iam:PutUserPolicy on the user itself: it can give itself any right"},
		{"put on somebody", []string{allow(`"iam:PutUserPolicy"`, "arn:aws:iam::123456789012:user/bob")}, notAdmin},
		{"keys of others", []string{allow(`["iam:List*","iam:Create*Key"]`, "*")},
			"P0 allows iam:CreateAccessKey on every user: it can make itself a key of an administrator"},
		{"its own keys", []string{allow(`["iam:CreateAccessKey","iam:UpdateLoginProfile"]`, "arn:aws:iam::*:user/${aws:username}")}, notAdmin},
		{"a team's roles", []string{allow(`"sts:AssumeRole"`, "arn:aws:iam::*:role/team-*")}, notAdmin},
		{"any role", []string{allow(`"sts:AssumeRole"`, "arn:aws:iam::*:role/*")},
			"P0 allows sts:AssumeRole on every role: it can take any role that trusts the account"},
		{"pass and run, two policies", []string{allow(`"iam:PassRole"`, "*"), allow(`"ec2:*"`, "*")},
			"P0 allows iam:PassRole on every role, P1 allows ec2:RunInstances: it can run a machine with any role"},
		{"pass alone", []string{allow(`"iam:PassRole"`, "*")}, notAdmin},
		{"create a function without running it", []string{allow(`["iam:PassRole","lambda:CreateFunction"]`, "*")}, notAdmin},
		{"create and run a function", []string{allow(`["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"]`, "*")},
			"P0 allows iam:PassRole on every role and lambda:CreateFunction and lambda:InvokeFunction: it can run a function with any role"},
		{"pass to lambda, run machines", []string{allow(`"iam:PassRole"`, "*") + `,"Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, allow(`"ec2:*"`, "*")}, notAdmin},
		{"pass one role", []string{allow(`"iam:PassRole"`, "arn:aws:iam::123456789012:role/web"), allow(`"ec2:*"`, "*")}, notAdmin},
		{"under a condition", []string{allow(`"*"`, "*") + mfa},
			"P0 allows every action on every resource, under a condition that was not evaluated"},
		{"unconditional before conditional", []string{allow(`"*"`, "*") + mfa, allow(`"sts:*"`, "*")},
			"P1 allows sts:AssumeRole on every role: it can take any role that trusts the account"},
		{"everything but IAM", []string{`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`},
			"P0 allows sts:AssumeRole on every role: it can take any role that trusts the account"},
		{"everything but IAM and STS", []string{`"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"`}, notAdmin},
		{"denied IAM and STS", []string{allow(`"*"`, "*"), deny(`["iam:*","sts:*"]`, "*")}, notAdmin},
		{"denied something else", []string{allow(`"*"`, "*"), deny(`"s3:*"`, "*")}, "P0 allows every action on every resource"},
		{"denied under a condition", []string{allow(`"iam:*"`, "*"), deny(`"iam:*"`, "*") + mfa}, "P0 allows every IAM action (iam:*)"},
		{"denied but on oneself", []string{allow(`"iam:PutUserPolicy"`, "*"), `"Effect":"Deny","Action":"iam:*","NotResource":"arn:aws:iam::*:user/${aws:username}"`},
			"P0 allows iam:PutUserPolicy on the user itself: it can give itself any right"},
		{"denied all others", []string{allow(`"iam:CreateAccessKey"`, "*"), `"Effect":"Deny","Action":"iam:*","NotResource":"arn:aws:iam::*:user/${aws:username}"`}, notAdmin},
		{"denied some machines", []string{allow(`["iam:PassRole","ec2:*"]`, "*"), deny(`"ec2:*"`, "arn:aws:ec2:*:*:instance/i-1")},
			"P0 allows iam:PassRole on every role and ec2:RunInstances: it can run a machine with any role"},
		{"reader", []string{allow(`["iam:Get*","iam:List*","s3:*","ec2:*"]`, "*")}, notAdmin},
		{"everything on one bucket", []string{allow(`"*"`, "arn:aws:s3:::example-bucket/*")}, notAdmin},
		{"nothing", nil, notAdmin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var docs []NamedDocument
			for i, s := range tt.statements {
				docs = append(docs, NamedDocument{Name: "P" + string(rune('0'+i)), Document: policy(t, s)})
			}
			yes, why := Admin(docs)
			if why != tt.want || yes != (tt.want != notAdmin) {
				t.Errorf("\n got %v %q\nwant %q", yes, why, tt.want)
			}
		})
	}
}

func TestAdminOfKnownUser(t *testing.T) {
	doc := func(action, resource string) []NamedDocument {
		return []NamedDocument{{Name: "P", ARN: "arn:aws:iam::123456789012:policy/mine",
			Document: policy(t, `"Effect":"Allow","Action":"`+action+`","Resource":"`+resource+`"`)}}
	}
	boundary := policy(t, `"Effect":"Allow","Action":"s3:*","Resource":"*"`)
	for _, tt := range []struct {
		name    string
		subject Subject
		docs    []NamedDocument
		want    bool
	}{
		{"names itself", Subject{ARN: aliceARN}, doc("iam:PutUserPolicy", aliceARN), true},
		{"names somebody", Subject{ARN: aliceARN}, doc("iam:PutUserPolicy", "arn:aws:iam::123456789012:user/bob"), false},
		{"another account", Subject{ARN: aliceARN}, doc("iam:PutUserPolicy", "arn:aws:iam::999999999999:user/*"), false},
		{"its own policy", Subject{ARN: aliceARN}, doc("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/mine"), true},
		{"another policy", Subject{ARN: aliceARN}, doc("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/other"), false},
		{"its group", Subject{ARN: aliceARN, Groups: []string{"arn:aws:iam::123456789012:group/dev"}}, doc("iam:PutGroupPolicy", "arn:aws:iam::123456789012:group/dev"), true},
		{"a group", Subject{ARN: aliceARN}, doc("iam:PutGroupPolicy", "arn:aws:iam::123456789012:group/dev"), false},
		{"within a boundary", Subject{ARN: aliceARN, Boundary: &boundary}, doc("*", "*"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if yes, why := tt.subject.Admin(tt.docs); yes != tt.want {
				t.Errorf("%v %q", yes, why)
			}
		})
	}
}

func TestManagedByARN(t *testing.T) {
	for name, want := range map[string]string{
		"AdministratorAccess":  "managed policy AdministratorAccess allows every action on every resource",
		"IAMFullAccess":        "managed policy IAMFullAccess allows every IAM action (iam:*)",
		"PowerUserAccess":      "managed policy PowerUserAccess allows sts:AssumeRole on every role",
		"AWSLambda_FullAccess": "managed policy AWSLambda_FullAccess allows iam:PassRole on every role and lambda:CreateFunction",
		"ReadOnlyAccess":       "",
	} {
		_, why := Admin([]NamedDocument{{Name: "managed policy " + name, ARN: "arn:aws-cn:iam::aws:policy/" + name}})
		if !strings.HasPrefix(why, want) || (why == "") != (want == "") {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func BenchmarkAdmin(b *testing.B) {
	docs := []NamedDocument{
		{Name: "A", Document: policy(b, `"Effect":"Allow","Action":["s3:*","ec2:Describe*","iam:Get*","iam:List*"],"Resource":"*"`)},
		{Name: "B", Document: policy(b, `"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"`)},
	}
	for b.Loop() {
		Admin(docs)
	}
}
