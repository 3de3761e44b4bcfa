package awsapi

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/fakeaws"
)

func TestObjectOfAnotherRegion(t *testing.T) {
	const key = "a dir/b+c=d&é.tfstate"
	_, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Buckets = []fakeaws.BucketSpec{{Name: "example-states", Region: "us-west-2", Objects: map[string]string{key: "{}"}}}
	})
	var got string
	read := func(r io.Reader) error {
		text, err := io.ReadAll(r)
		got = string(text)
		return err
	}
	if err := session.Object(t.Context(), "example-states", key, read); err != nil || got != "{}" {
		t.Errorf("%q %v", got, err)
	}
	if err := session.Object(t.Context(), "example-states", "none", read); ClassOf(err) != NotFound {
		t.Errorf("no such key: %v", err)
	}
	if err := session.Object(t.Context(), "example-none", key, read); ClassOf(err) != NotFound {
		t.Errorf("no such bucket: %v", err)
	}
	misread := errors.New("no state")
	if err := session.Object(t.Context(), "example-states", key, func(io.Reader) error { return misread }); !errors.Is(err, misread) {
		t.Errorf("the reader's own error became %v", err)
	}
}

func TestStackThatMade(t *testing.T) {
	_, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Stacks = []fakeaws.StackSpec{{Region: "us-west-2", Name: "billing", Resources: []fakeaws.StackResourceSpec{
			{Type: "AWS::IAM::User", LogicalID: "User", PhysicalID: "billing"},
			{Type: "AWS::IAM::AccessKey", LogicalID: "Key", PhysicalID: "AKIAIOSFODNN7EXAMPLE"},
		}}}
	})
	stack, id, err := session.StackThatMade(t.Context(), "us-west-2", "AKIAIOSFODNN7EXAMPLE")
	if err != nil || stack != "billing" || id != "Key" {
		t.Errorf("%q %q %v", stack, id, err)
	}
	for _, region := range []string{"", "eu-west-1"} {
		if stack, _, err := session.StackThatMade(t.Context(), region, "AKIAIOSFODNN7EXAMPLE"); stack != "" || err != nil {
			t.Errorf("in %q: %q %v", region, stack, err)
		}
	}
}

func TestStackThatMayNotBeAsked(t *testing.T) {
	cloud, session := cloudWith(t, nil)
	cloud.SetFault(func(fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(403, "AccessDenied", "User: x is not authorized to perform: cloudformation:DescribeStackResources")
	})
	if stack, _, err := session.StackThatMade(t.Context(), "", "AKIAIOSFODNN7EXAMPLE"); stack != "" || ClassOf(err) != Denied {
		t.Errorf("%q %v", stack, err)
	}
}

func TestSecurityHubPages(t *testing.T) {
	_, session := cloudWith(t, func(s *fakeaws.AccountSpec) { s.SecurityHub = true })
	const product = "arn:aws:securityhub:eu-west-1:" + testAccount + ":product/" + testAccount + "/default"
	finding := func(id string) json.RawMessage {
		text, _ := json.Marshal(map[string]any{
			"SchemaVersion": "2018-10-08", "Id": id, "ProductArn": product, "GeneratorId": "keytend/x", "AwsAccountId": testAccount,
			"CreatedAt": "2026-01-02T03:04:05Z", "UpdatedAt": "2026-01-02T03:04:05Z", "Title": "t", "Description": "d",
			"Resources": []any{map[string]string{"Type": "Other", "Id": "x"}}, "RecordState": "ACTIVE",
		})
		return text
	}
	hub := session.SecurityHub()
	for batch := range 3 {
		var findings []json.RawMessage
		for i := range FindingsAtOnce {
			findings = append(findings, finding(string(rune('a'+batch))+"/"+string(rune('0'+i))))
		}
		if failed, err := hub.Import(t.Context(), findings); err != nil || len(failed) > 0 {
			t.Fatal(failed, err)
		}
	}
	n := 0
	for _, err := range hub.ActiveFindings(t.Context(), product, "keytend/") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d findings, want 300", n)
	}
	if failed, err := hub.Import(t.Context(), []json.RawMessage{json.RawMessage(`{"Id":"bad"}`)}); err != nil || len(failed) != 1 || failed[0].ID != "bad" {
		t.Errorf("%v %v", failed, err)
	}
}

func TestSecurityHubThatIsOff(t *testing.T) {
	_, session := cloudWith(t, nil)
	_, err := session.SecurityHub().Import(t.Context(), []json.RawMessage{json.RawMessage(`{}`)})
	if !strings.Contains(Hint(err), "switch it on") {
		t.Errorf("%v: %s", err, Hint(err))
	}
}
