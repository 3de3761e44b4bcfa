package migrate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/iampolicy"
)

func holder(t testing.TB, documents ...string) Holder {
	t.Helper()
	h := Holder{Name: "ana", ID: "AIDACKCEVSQ6C2EXAMPLE", ARN: "arn:aws:iam::123456789012:user/ana", Account: "123456789012", Partition: "aws"}
	for i, text := range documents {
		d, err := iampolicy.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		h.Policies = append(h.Policies, iampolicy.NamedDocument{Name: fmt.Sprintf("inline policy p%d", i+1), Document: d})
	}
	return h
}

func statement(effect, action, resource, more string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q%s}]}`, effect, action, resource, more)
}

func called(source, name string, resources ...string) Seen {
	return Seen{Source: source + ".amazonaws.com", Name: name, Count: 3, Resources: resources, Place: Place{From: FromOther}}
}

// line is a statement in a word or two.
func line(s Allowance) string {
	text := fmt.Sprintf("%s %s on %s", s.Effect, strings.Join(s.Actions, " "), strings.Join(s.Resources, " "))
	if len(s.NotResources) > 0 {
		text += "not " + strings.Join(s.NotResources, " ")
	}
	for _, c := range s.Conditions {
		text += fmt.Sprintf(" if %s %s %v", c.Operator, c.Key, c.Values)
	}
	return text
}

func TestGrant(t *testing.T) {
	const bucket = "arn:aws:s3:::example"
	everything := statement("Allow", "*", "*", "")
	for _, c := range []struct {
		name      string
		documents []string
		seen      []Seen
		want      []string
		elsewhere []string
	}{
		{"what was used, of what is allowed", []string{statement("Allow", "ec2:*", "*", "")}, []Seen{called("ec2", "DescribeInstances"), called("ec2", "StartInstances")},
			[]string{"Allow ec2:DescribeInstances ec2:StartInstances on *"}, nil},
		{"an object that was named stands for its bucket", []string{everything}, []Seen{called("s3", "GetObject", bucket+"/a/b", bucket)},
			[]string{"Allow s3:GetObject on arn:aws:s3:::example/*"}, nil},
		{"a bucket is asked for itself, but its objects where it is about them", []string{everything}, []Seen{called("s3", "GetObject", bucket), called("s3", "ListObjectsV2", bucket), called("s3", "PutBucketObjectLockConfiguration", bucket), called("s3", "AbortMultipartUpload", bucket)},
			[]string{"Allow s3:AbortMultipartUpload s3:GetObject on arn:aws:s3:::example/*", "Allow s3:ListBucket s3:PutBucketObjectLockConfiguration on arn:aws:s3:::example"}, nil},
		{"a function with its versions", []string{everything}, []Seen{called("lambda", "Invoke", "arn:aws:lambda:us-east-1:123456789012:function:jobs")},
			[]string{"Allow lambda:InvokeFunction on arn:aws:lambda:us-east-1:123456789012:function:jobs arn:aws:lambda:us-east-1:123456789012:function:jobs:*"}, nil},
		{"what creates or lists isn't narrowed to what it made", []string{everything}, []Seen{called("kms", "CreateKey", "arn:aws:kms:us-east-1:123456789012:key/a"), called("sqs", "ListQueueTags", "arn:aws:sqs:us-east-1:123456789012:jobs"), called("lambda", "CreateEventSourceMapping20150331", "arn:aws:lambda:us-east-1:123456789012:function:jobs")},
			[]string{"Allow kms:CreateKey lambda:CreateEventSourceMapping sqs:ListQueueTags on *"}, nil},
		{"one call that doesn't say is enough for not narrowing", []string{everything}, []Seen{called("sqs", "SendMessage", "arn:aws:sqs:us-east-1:123456789012:jobs"), called("sqs", "SendMessageBatch")},
			[]string{"Allow sqs:SendMessage on *"}, nil},
		{"more than are told apart", []string{statement("Allow", "dynamodb:*", "*", ""), statement("Deny", "dynamodb:*", "arn:aws:dynamodb:us-east-1:123456789012:table/payroll", "")}, []Seen{called("dynamodb", "GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/*")},
			[]string{"Allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:123456789012:table/*", "Deny dynamodb:GetItem on arn:aws:dynamodb:us-east-1:123456789012:table/payroll"}, nil},
		{"more than are told apart, of which the user may only some", []string{statement("Allow", "dynamodb:*", "arn:aws:dynamodb:us-east-1:123456789012:table/job?", "")}, []Seen{called("dynamodb", "GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/*")},
			[]string{"Allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:123456789012:table/job?"}, nil},
		{"a narrower statement stays as narrow", []string{statement("Allow", "s3:*", bucket+"/out/*", "")}, []Seen{called("s3", "PutObject", bucket+"/out/x")},
			[]string{"Allow s3:PutObject on arn:aws:s3:::example/out/*"}, nil},
		{"a statement about something else is left", []string{statement("Allow", "s3:*", "arn:aws:s3:::other/*", "")}, []Seen{called("s3", "PutObject", bucket+"/out/x")},
			nil, []string{"s3:PutObject"}},
		{"where no resource was named, the user's own", []string{statement("Allow", "sqs:*", "arn:aws:sqs:*:123456789012:jobs", "")}, []Seen{called("sqs", "SendMessageBatch")},
			[]string{"Allow sqs:SendMessage on arn:aws:sqs:*:123456789012:jobs"}, nil},
		{"a denial comes along", []string{statement("Allow", "s3:*", "*", ""), statement("Deny", "s3:Put*", bucket+"/locked/*", "")}, []Seen{called("s3", "PutObject"), called("s3", "ListBuckets")},
			[]string{"Allow s3:ListAllMyBuckets s3:PutObject on *", "Deny s3:PutObject on arn:aws:s3:::example/locked/*"}, nil},
		{"a resource that is denied is not granted", []string{everything, statement("Deny", "kms:*", "arn:aws:kms:us-east-1:123456789012:key/b", "")},
			[]Seen{called("kms", "Decrypt", "arn:aws:kms:us-east-1:123456789012:key/a", "arn:aws:kms:us-east-1:123456789012:key/b")},
			[]string{"Allow kms:Decrypt on arn:aws:kms:us-east-1:123456789012:key/a", "Deny kms:Decrypt on arn:aws:kms:us-east-1:123456789012:key/b"}, nil},
		{"conditions come along", []string{statement("Allow", "sns:Publish", "*", `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)}, []Seen{called("sns", "Publish")},
			[]string{"Allow sns:Publish on * if IpAddress aws:SourceIp [203.0.113.0/24]"}, nil},
		{"a condition about the user that holds is met", []string{statement("Allow", "sns:Publish", "*", `,"Condition":{"StringEquals":{"aws:username":"ana"}}`)}, []Seen{called("sns", "Publish")},
			[]string{"Allow sns:Publish on *"}, nil},
		{"one that doesn't hold grants nothing", []string{statement("Allow", "sns:Publish", "*", `,"Condition":{"StringNotEquals":{"aws:username":"ana"}}`)}, []Seen{called("sns", "Publish")}, nil, nil},
		{"what needs MFA is left out", []string{statement("Allow", "sns:Publish", "*", `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)}, []Seen{called("sns", "Publish")}, nil, nil},
		{"whatever it falls back to", []string{statement("Allow", "s3:*", "arn:aws:s3:::home/${aws:UserName, 'shared'}/*", "")}, []Seen{called("s3", "GetObject")},
			[]string{"Allow s3:GetObject on arn:aws:s3:::home/ana/*"}, nil},
		{"a tag of the user's falls back to nothing", []string{statement("Allow", "s3:*", "arn:aws:s3:::home/${aws:PrincipalTag/team, 'all'}/*", "")}, []Seen{called("s3", "GetObject")},
			[]string{"Allow s3:GetObject on arn:aws:s3:::home/${aws:PrincipalTag/team}/*"}, nil},
		{"the user's name is written out", []string{statement("Allow", "s3:*", "arn:aws:s3:::home/${aws:username}/*", "")}, []Seen{called("s3", "GetObject")},
			[]string{"Allow s3:GetObject on arn:aws:s3:::home/ana/*"}, nil},
		{"everything but some resources", []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::secret/*"}]}`}, []Seen{called("s3", "GetObject"), called("iam", "ListUsers")},
			[]string{"Allow s3:GetObject on not arn:aws:s3:::secret/*"}, []string{"iam:ListUsers"}},
		{"handing a role over comes along", []string{statement("Allow", "lambda:*", "*", ""), statement("Allow", "iam:PassRole", "arn:aws:iam::123456789012:role/app", "")}, []Seen{called("lambda", "UpdateFunctionConfiguration20150331v2")},
			[]string{"Allow iam:PassRole on arn:aws:iam::123456789012:role/app", "Allow lambda:UpdateFunctionConfiguration on *"}, nil},
		{"what an AWS service did is its own", []string{everything}, []Seen{{Source: "s3.amazonaws.com", Name: "CreateBucket", Count: 1, Place: Place{From: FromService}}}, nil, nil},
		{"no pattern passes for an action, whatever a log file says", []string{everything, statement("Deny", "sqs:DeleteQueue", "*", "")},
			[]Seen{called("sqs", "*"), called("sqs", "Delete*"), called("sqs", "DeleteQueu?"), called("*", "DeleteQueue"), called("sqs", "x\"${a}\n"), called("sqs", "ListQueues")},
			[]string{"Allow sqs:ListQueues on *"}, nil},
		{"what needs no right gets none", []string{everything}, []Seen{called("sts", "GetCallerIdentity")}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := holder(t, c.documents...).Grant(c.seen)
			var got []string
			for _, s := range g.Statements {
				got = append(got, line(s))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.elsewhere, g.Elsewhere); diff != "" {
				t.Errorf("elsewhere, -want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatOnlyFailedIsNotGranted(t *testing.T) {
	failed := called("ec2", "TerminateInstances")
	failed.Failed = failed.Count
	g := holder(t, statement("Allow", "*", "*", "")).Grant([]Seen{failed, called("ec2", "DescribeInstances")})
	if !slices.Equal(g.Actions, []string{"ec2:DescribeInstances"}) || !slices.Equal(g.Failed, []string{"ec2:TerminateInstances"}) {
		t.Errorf("granted %v, failed %v", g.Actions, g.Failed)
	}
}

// A role may never do what its user may not: whatever policies, whatever was
// seen, whatever is asked.
func TestGrantIsNeverWider(t *testing.T) {
	actions := []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "sqs:SendMessage", "iam:PassRole", "lambda:CreateFunction"}
	patterns := []string{"*", "s3:*", "s3:Get*", "s3:PutObject", "kms:*", "sqs:SendMessage", "iam:PassRole", "lambda:*", "s3:?istBucket"}
	resources := []string{"*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a/${aws:username}/*", "arn:aws:s3:::?", "arn:aws:kms:us-east-1:123456789012:key/*", "arn:aws:s3:::a/${aws:PrincipalTag/team}/*", "arn:aws:s3:::*/x"}
	asked := []string{"*", "arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::a/ana/x", "arn:aws:s3:::a/b/x", "arn:aws:s3:::b", "arn:aws:kms:us-east-1:123456789012:key/k", "arn:aws:sqs:us-east-1:123456789012:q"}
	named := append([]string{"arn:aws:s3:::*", "arn:aws:kms:us-east-1:123456789012:key/*", "arn:aws:sqs:*"}, asked[1:]...)
	conditions := []string{"", "", `{"StringEquals":{"aws:username":"ana"}}`, `{"StringNotEquals":{"aws:username":"ana"}}`, `{"StringNotEquals":{"aws:username":"bo"}}`, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, `{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`, `{"StringLike":{"aws:PrincipalArn":"*user/ana"}}`, `{"Null":{"aws:PrincipalTag/team":"true"}}`}
	rapid.Check(t, func(t *rapid.T) {
		var documents []string
		for range rapid.IntRange(1, 4).Draw(t, "statements") {
			s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
			s[rapid.SampledFrom([]string{"Action", "Action", "Action", "NotAction"}).Draw(t, "which")] = rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 2).Draw(t, "actions")
			s[rapid.SampledFrom([]string{"Resource", "Resource", "Resource", "NotResource"}).Draw(t, "which")] = rapid.SliceOfN(rapid.SampledFrom(resources), 1, 2).Draw(t, "resources")
			if c := rapid.SampledFrom(conditions).Draw(t, "condition"); c != "" {
				s["Condition"] = json.RawMessage(c)
			}
			text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{s}})
			documents = append(documents, string(text))
		}
		h := propertyHolder(t, documents)
		var seen []Seen
		for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(actions), 1, 4, rapid.ID[string]).Draw(t, "used") {
			service, verb, _ := strings.Cut(a, ":")
			seen = append(seen, called(service, verb, rapid.SliceOfN(rapid.SampledFrom(named), 0, 2).Draw(t, "named")...))
		}
		text := h.Grant(seen).Document()
		if text == "" {
			return
		}
		role, err := iampolicy.Parse(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, action := range actions {
			for _, arn := range asked {
				request := iampolicy.Request{Action: action, Resource: arn, Context: map[string][]string{"aws:RequestedRegion": {rapid.SampledFrom([]string{"us-east-1", "eu-west-1"}).Draw(t, "region")}}}
				asRole := request
				asRole.Context = map[string][]string{"aws:PrincipalArn": {"arn:aws:iam::123456789012:role/ana"}, "aws:RequestedRegion": request.Context["aws:RequestedRegion"]}
				if !iampolicy.Evaluate([]iampolicy.Document{role}, nil, nil, nil, asRole).Allowed() {
					continue
				}
				if !h.mayDo(request) {
					t.Fatalf("the role may %s on %s, the user may not:\nuser %v\nrole %s", action, arn, documents, text)
				}
			}
		}
	})
}

// propertyHolder is holder for rapid.
func propertyHolder(t *rapid.T, documents []string) Holder {
	h := Holder{Name: "ana", ID: "AIDACKCEVSQ6C2EXAMPLE", ARN: "arn:aws:iam::123456789012:user/ana", Account: "123456789012"}
	for _, text := range documents {
		d, err := iampolicy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		h.Policies = append(h.Policies, iampolicy.NamedDocument{Document: d})
	}
	return h
}

// mayDo is whether the user, without tags and without MFA, may.
func (h Holder) mayDo(r iampolicy.Request) bool {
	keys := h.keys()
	for k, v := range r.Context {
		keys[k] = v
	}
	r.Context, r.Caller = keys, iampolicy.Caller{Account: h.Account, ARN: h.ARN}
	var all []iampolicy.Document
	for _, d := range h.Policies {
		all = append(all, d.Document)
	}
	return iampolicy.Evaluate(all, nil, nil, nil, r).Allowed()
}
