package fakeaws

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const denyRoles = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}`

// stacked is an organization with two members, whose management account lets
// CloudFormation in and has the role that may enter them.
func stacked(t *testing.T, change func(id string, s *AccountSpec)) *AWS {
	t.Helper()
	a := New(Config{Start: trailStart})
	for id, unit := range map[string]string{"123456789012": "", "111122223333": "Workloads/Production", "444455556666": "Security"} {
		a.AddAccount(oneUser(id, func(s *AccountSpec) {
			s.OU = unit
			if id == "123456789012" {
				s.Management, s.StackSetsAccess = true, true
				s.Roles = []RoleSpec{{Name: "keytend", TrustPolicy: FullAWSAccess}, {Name: "other", TrustPolicy: FullAWSAccess}}
			}
			if change != nil {
				change(id, s)
			}
		}))
	}
	return a
}

func stacks(t *testing.T, a *AWS, action string, params ...string) string {
	t.Helper()
	return askForm(t, a, "cloudformation", "2010-05-15", action, append([]string{"StackSetName", "members"}, params...)...)
}

// rootOf is the ID of the organization's root.
func rootOf(a *AWS) string { return a.organizationOf(a.manager).root }

func memberTemplate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash("../../deploy/cloudformation/member-role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setOf are the parameters of a set of the template of deploy/cloudformation.
func setOf(t *testing.T, role string) []string {
	return []string{
		"PermissionModel", "SERVICE_MANAGED", "AutoDeployment.Enabled", "true", "AutoDeployment.RetainStacksOnAccountRemoval", "false",
		"Capabilities.member.1", "CAPABILITY_NAMED_IAM", "Tags.member.1.Key", "owner", "Tags.member.1.Value", "security", "TemplateBody", memberTemplate(t),
		"Parameters.member.1.ParameterKey", "Principal", "Parameters.member.1.ParameterValue", "arn:aws:iam::123456789012:role/" + role,
		"Parameters.member.2.ParameterKey", "ExternalId", "Parameters.member.2.ParameterValue", "example",
	}
}

// everywhere are the parameters of instances in all accounts.
func everywhere(a *AWS) []string {
	return []string{"DeploymentTargets.OrganizationalUnitIds.member.1", rootOf(a), "Regions.member.1", "us-east-1", "OperationId", "one"}
}

// memberRole is the role that the template makes; nil: there is none.
func memberRole(a *AWS, account string) *RoleSpec {
	for _, r := range a.Snapshot(account).Roles {
		if r.Name == "keytend-member" {
			return &r
		}
	}
	return nil
}

func tells(t *testing.T, answer string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(answer, text) {
			t.Errorf("no %s in\n%s", text, answer)
		}
	}
}

func TestAStackSetMakesWhatItsTemplateSays(t *testing.T) {
	a := stacked(t, nil)
	tells(t, stacks(t, a, "CreateStackSet", setOf(t, "keytend")...), "<StackSetId>members:")
	tells(t, stacks(t, a, "CreateStackSet", setOf(t, "keytend")...), "NameAlreadyExistsException")
	tells(t, stacks(t, a, "CreateStackInstances", everywhere(a)...), "<OperationId>one</OperationId>")
	tells(t, stacks(t, a, "DescribeStackSetOperation", "OperationId", "one"), "<Status>RUNNING</Status>")
	tells(t, stacks(t, a, "CreateStackInstances", everywhere(a)...), "OperationInProgressException")
	tells(t, stacks(t, a, "DeleteStackSet"), "OperationInProgressException")
	a.Advance(time.Minute)
	tells(t, stacks(t, a, "DescribeStackSetOperation", "OperationId", "one"), "<Status>SUCCEEDED</Status>")
	list := stacks(t, a, "ListStackInstances")
	tells(t, list, "<Account>111122223333</Account>", "<Account>444455556666</Account>", "<OrganizationalUnitId>"+rootOf(a)+"<", "<Status>CURRENT<", "<DriftStatus>NOT_CHECKED<")
	if strings.Contains(list, "123456789012</Account>") {
		t.Errorf("the management account has an instance: %s", list)
	}
	for _, id := range []string{"111122223333", "444455556666"} {
		made := memberRole(a, id)
		if made == nil {
			t.Fatalf("%s has no role", id)
		}
		tells(t, made.TrustPolicy, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/keytend"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"example"}}}`)
		if got := slices.Sorted(maps.Keys(made.InlinePolicies)); fmt.Sprint(got) != "[keytend-create keytend-deactivate keytend-delete keytend-deliver keytend-read]" || made.Tags["owner"] != "security" {
			t.Errorf("%s: %v, tags %v", id, got, made.Tags)
		}
	}
	if made := memberRole(a, "123456789012"); made != nil {
		t.Errorf("the management account has %v", made)
	}
	tells(t, stacks(t, a, "DeleteStackSet"), "StackSetNotEmptyException")
}

func TestAStackSetFollowsAccountsAndChanges(t *testing.T) {
	a := stacked(t, nil)
	stacks(t, a, "CreateStackSet", setOf(t, "keytend")...)
	stacks(t, a, "CreateStackInstances", everywhere(a)...)
	a.Advance(time.Minute)
	a.AddAccount(oneUser("777788889999", func(s *AccountSpec) { s.OU = "Workloads" }))
	a.Advance(time.Minute)
	if memberRole(a, "777788889999") == nil {
		t.Error("the account that joined has no role")
	}
	tells(t, stacks(t, a, "UpdateStackSet", append(setOf(t, "other"), "OperationId", "two")...), "<OperationId>two<")
	a.Advance(time.Minute)
	tells(t, memberRole(a, "111122223333").TrustPolicy, "role/other")
	tells(t, stacks(t, a, "DeleteStackInstances", "DeploymentTargets.OrganizationalUnitIds.member.1", "ou-abcd-12345678", "Regions.member.1", "us-east-1", "RetainStacks", "false"), "has no root or organizational unit")
	tells(t, stacks(t, a, "DeleteStackInstances", append(everywhere(a), "RetainStacks", "false")...), "OperationIdAlreadyExistsException")
	stacks(t, a, "DeleteStackInstances", append(everywhere(a), "RetainStacks", "false", "OperationId", "three")...)
	a.Advance(time.Minute)
	for _, id := range []string{"111122223333", "444455556666", "777788889999"} {
		if left := memberRole(a, id); left != nil || len(a.Snapshot(id).Stacks) > 0 {
			t.Errorf("%s still has %v", id, left)
		}
	}
	if answer := stacks(t, a, "DeleteStackSet"); strings.Contains(answer, "Error") {
		t.Error(answer)
	}
	tells(t, stacks(t, a, "DescribeStackSet"), "StackSetNotFoundException")
}

// The role that CloudFormation works as in an account is bound by the policies of
// the organization; of a stack that fails nothing is left, and the rest is
// cancelled.
func TestAStackThatIsForbiddenLeavesNothing(t *testing.T) {
	a := stacked(t, func(id string, s *AccountSpec) {
		if id == "111122223333" {
			s.ServiceControlPolicies = []string{FullAWSAccess, denyRoles}
		}
	})
	stacks(t, a, "CreateStackSet", setOf(t, "keytend")...)
	stacks(t, a, "CreateStackInstances", everywhere(a)...)
	a.Advance(time.Minute)
	tells(t, stacks(t, a, "DescribeStackSetOperation", "OperationId", "one"), "<Status>FAILED</Status>")
	tells(t, stacks(t, a, "ListStackSetOperationResults", "OperationId", "one"), "ResourceLogicalId:Role", "iam:CreateRole", "with an explicit deny in a service control policy", "<Status>CANCELLED</Status>")
	again := append(everywhere(a), "OperationId", "two", "OperationPreferences.FailureToleranceCount", "1")
	stacks(t, a, "CreateStackInstances", again...)
	a.Advance(time.Minute)
	tells(t, stacks(t, a, "DescribeStackSetOperation", "OperationId", "two"), "<Status>SUCCEEDED</Status>", "<FailedStackInstancesCount>1<")
	if memberRole(a, "111122223333") != nil || memberRole(a, "444455556666") == nil {
		t.Error("the role is where it may not be, or not where it may")
	}
}

// A role that was there before is not CloudFormation's to take away.
func TestARoleOfAnothersStays(t *testing.T) {
	a := stacked(t, func(id string, s *AccountSpec) {
		if id != "123456789012" {
			s.Roles = []RoleSpec{{Name: "keytend-member", TrustPolicy: FullAWSAccess}}
		}
	})
	stacks(t, a, "CreateStackSet", setOf(t, "keytend")...)
	stacks(t, a, "CreateStackInstances", everywhere(a)...)
	a.Advance(time.Minute)
	tells(t, stacks(t, a, "ListStackSetOperationResults", "OperationId", "one"), "already exists")
	if made := memberRole(a, "111122223333"); made == nil || made.TrustPolicy != FullAWSAccess {
		t.Errorf("the role is now %v", made)
	}
}

func TestStackSetsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(id string, s *AccountSpec)
		params []string
		want   string
	}{
		"no trusted access": {func(_ string, s *AccountSpec) { s.StackSetsAccess = false }, nil, "You must enable organizations access"},
		"no organization":   {func(_ string, s *AccountSpec) { s.Management = false }, nil, "You must be the management account"},
		"no rights":         {func(_ string, s *AccountSpec) { s.Users[0].InlinePolicies = nil }, nil, "is not authorized to perform: cloudformation:CreateStackSet on resource: arn:aws:cloudformation:eu-west-1:123456789012:stackset/members:*"},
		"own permissions":   {nil, []string{"PermissionModel", "SELF_MANAGED"}, "does not interpret"},
		"no capability":     {nil, []string{"Capabilities.member.1", "CAPABILITY_IAM"}, "InsufficientCapabilitiesException"},
		"a pattern":         {nil, []string{"Parameters.member.1.ParameterValue", "keytend"}, "must match pattern"},
		"no parameter":      {nil, []string{"Parameters.member.1.ParameterKey", "ExternalId"}, "Parameters: [Principal] must have values"},
		"another parameter": {nil, []string{"Parameters.member.2.ParameterKey", "Nobody"}, "Parameters: [Nobody] do not exist in the template"},
	} {
		t.Run(name, func(t *testing.T) {
			a := stacked(t, c.change)
			tells(t, stacks(t, a, "CreateStackSet", append(setOf(t, "keytend"), c.params...)...), c.want)
		})
	}
	a := stacked(t, func(_ string, s *AccountSpec) { s.StackSetsAccess = false })
	stacks(t, a, "ActivateOrganizationsAccess")
	tells(t, stacks(t, a, "DescribeOrganizationsAccess"), "<Status>ENABLED</Status>")
	tells(t, stacks(t, a, "CreateStackSet", setOf(t, "keytend")...), "<StackSetId>")
	tells(t, stacks(t, a, "CreateStackInstances", "Accounts.member.1", "111122223333", "Regions.member.1", "us-east-1"), "can only have OrganizationalUnit as target")
}

// What the simulated AWS does not interpret it refuses, and what refers to nothing.
func TestTemplatesThatAreRefused(t *testing.T) {
	role := func(properties string) string {
		return "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}, " + properties + "}}}\n"
	}
	for template, want := range map[string]string{
		"Resources: {":                                                 "YAML not well-formed",
		"Description: nothing":                                         "At least one Resources member",
		"Mappings: {}\n" + role(""):                                    "the section Mappings",
		"Anything: {}\n" + role(""):                                    "Invalid template property",
		"Resources: {A: {Type: AWS::S3::Bucket}}":                      "Unrecognized resource types: [AWS::S3::Bucket]",
		role("Tags: []"):                                               "property Tags of AWS::IAM::Role",
		role("RoleName: !Ref Nobody"):                                  "[Nobody]",
		role("RoleName: !GetAtt Nobody.Arn"):                           "Unresolved resource dependencies",
		role("RoleName: !Sub '${Nobody}'"):                             "[Nobody]",
		role("RoleName: !If [Never, a, b]"):                            "Fn::If wants a condition",
		role("RoleName: !ImportValue a"):                               "the function Fn::ImportValue",
		role("RoleName: &a b, Path: *a"):                               "anchors",
		"Parameters: {P: {Type: Number}}\n" + role("RoleName: !Ref P"): "parameter P of type Number",
		"Resources: {A: {Type: AWS::IAM::Policy, DeletionPolicy: Retain, Properties: {}}}": "DeletionPolicy of resource A",
	} {
		if _, err := parseTemplate(template); err == nil || !strings.Contains(err.Message, want) || err.Code != "ValidationError" {
			t.Errorf("%s\nis refused with %v, want %q", template, err, want)
		}
	}
}

// The functions and conditions of the language, and the order in which resources
// are made.
func TestTemplatesAreWorkedOut(t *testing.T) {
	text := `
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [prod, dev]}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  Both: !And [{Condition: IsProd}, !Not [!Equals [!Ref "AWS::Region", nowhere]]]
  Never: !Or [!Not [{Condition: IsProd}], !Equals [a, b]]
Resources:
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: !Join ["-", [p, !Ref Stage, !Ref "AWS::NoValue"]]
      Roles: [!Ref Role]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Resource: [!GetAtt Role.Arn, !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${!x}${Stage}"]}]}
  Absent:
    Type: AWS::IAM::Role
    Condition: Never
    Properties: {AssumeRolePolicyDocument: {}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: !If [Both, /both/, /else/]
      AssumeRolePolicyDocument: |
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}
Outputs: {Arn: {Value: !GetAtt Role.Arn}}
`
	a := stacked(t, nil)
	params := []string{"PermissionModel", "SERVICE_MANAGED", "Capabilities.member.1", "CAPABILITY_IAM", "TemplateBody", text}
	tells(t, stacks(t, a, "CreateStackSet", params...), "<StackSetId>")
	stacks(t, a, "CreateStackInstances", everywhere(a)...)
	a.Advance(time.Minute)
	if results := stacks(t, a, "ListStackSetOperationResults", "OperationId", "one"); strings.Contains(results, "FAILED") {
		t.Error(results)
	}
	var made []RoleSpec
	for _, r := range a.Snapshot("111122223333").Roles {
		if r.Path == "/both/" {
			made = append(made, r)
		}
	}
	if len(made) != 1 || !strings.HasPrefix(made[0].Name, "StackSet-members-") {
		t.Fatalf("made are %v", made)
	}
	want := `"Resource":["arn:aws:iam::111122223333:role/both/` + made[0].Name + `","arn:aws:iam::111122223333:role/${x}prod"]`
	tells(t, made[0].InlinePolicies["p-prod"], want)
}
