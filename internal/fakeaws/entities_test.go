package fakeaws_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/fakeaws"
)

const trustNobody = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func TestGroups(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob", Keys: []fakeaws.KeySpec{{ID: exampleKey, Secret: "s"}}}))
	client, bob := iamFor(cloud, adminOf(cloud)), iamFor(cloud, login{exampleKey, "s", ""})
	group, user := aws.String("ops"), aws.String("bob")
	made := ok[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group, Path: aws.String("/it/")})).Group
	if got, want := *made.Arn, "arn:aws:iam::123456789012:group/it/ops"; got != want {
		t.Errorf("ARN is %s, want %s", got, want)
	}
	_, err := client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("OPS")})
	wantMessage(t, err, 409, "EntityAlreadyExists", "Group with name OPS already exists.")
	ok[*iam.AttachGroupPolicyOutput](t)(client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMReadOnlyAccess")}))
	_, err = bob.ListUsers(ctx, nil)
	wantError(t, err, 403, "AccessDenied")
	ok[*iam.AddUserToGroupOutput](t)(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: user}))
	ok[*iam.ListUsersOutput](t)(bob.ListUsers(ctx, nil)) // by way of the group

	members := ok[*iam.GetGroupOutput](t)(client.GetGroup(ctx, &iam.GetGroupInput{GroupName: group}))
	of := ok[*iam.ListGroupsForUserOutput](t)(client.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user}))
	all := ok[*iam.ListGroupsOutput](t)(client.ListGroups(ctx, &iam.ListGroupsInput{PathPrefix: aws.String("/it/")}))
	none := ok[*iam.ListGroupsOutput](t)(client.ListGroups(ctx, &iam.ListGroupsInput{PathPrefix: aws.String("/hr/")}))
	if len(members.Users) != 1 || len(of.Groups) != 1 || len(all.Groups) != 1 || len(none.Groups) != 0 {
		t.Errorf("members %d, groups of bob %d, below /it/ %d, below /hr/ %d", len(members.Users), len(of.Groups), len(all.Groups), len(none.Groups))
	}
	_, err = client.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
	wantError(t, err, 409, "DeleteConflict")
	ok[*iam.RemoveUserFromGroupOutput](t)(client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: group, UserName: user}))
	_, err = client.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	_, err = client.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("none")})
	wantMessage(t, err, 404, "NoSuchEntity", "The group with name none cannot be found.")
}

func TestRoles(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	client := iamFor(cloud, adminOf(cloud))
	create := func(trust string) (*iam.CreateRoleOutput, error) {
		return client.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: aws.String("deploy"), AssumeRolePolicyDocument: &trust, MaxSessionDuration: aws.Int32(7200),
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("")}},
		})
	}
	_, err := create(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/nobody"},"Action":"sts:AssumeRole"}]}`)
	wantMessage(t, err, 400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/nobody"`)
	ok[*iam.CreateRoleOutput](t)(create(trustNobody))
	_, err = create(trustNobody)
	wantMessage(t, err, 409, "EntityAlreadyExists", "Role with name deploy already exists.")
	name := aws.String("deploy")
	ok[*iam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(fakeaws.FullAWSAccess)}))
	got := ok[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
	if *got.MaxSessionDuration != 7200 || len(got.Tags) != 1 || *got.Tags[0].Value != "" {
		t.Errorf("role is %+v", got)
	}
	inline := ok[*iam.ListRolePoliciesOutput](t)(client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name}))
	roles := ok[*iam.ListRolesOutput](t)(client.ListRoles(ctx, nil))
	if len(inline.PolicyNames) != 1 || len(roles.Roles) != 1 {
		t.Errorf("%d inline policies, %d roles", len(inline.PolicyNames), len(roles.Roles))
	}
	_, err = client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	ok[*iam.DeleteRolePolicyOutput](t)(client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))
	ok[*iam.DeleteRoleOutput](t)(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	_, err = client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantMessage(t, err, 404, "NoSuchEntity", "The role with name deploy cannot be found.")
}

func TestInlinePolicies(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob"}))
	client := iamFor(cloud, adminOf(cloud))
	put := func(document string) error {
		_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p"), PolicyDocument: &document})
		return err
	}
	wantError(t, put(`{"Version":"2012-10-17"`), 400, "MalformedPolicyDocument")
	long := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["s3:*"`
	for range 400 {
		long += `,"s3:*"`
	}
	wantMessage(t, put(long+`]}]}`), 409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user bob")
	if err := put(fakeaws.FullAWSAccess); err != nil {
		t.Fatal(err)
	}
	got := ok[*iam.GetUserPolicyOutput](t)(client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("p")}))
	if want := "%7B%22Version%22%3A%222012-10-17%22"; (*got.PolicyDocument)[:len(want)] != want {
		t.Errorf("document is %s", *got.PolicyDocument)
	}
	_, err := client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("q")})
	wantMessage(t, err, 404, "NoSuchEntity", "The user policy with name q cannot be found.")
	_, err = client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("bob"), PolicyArn: aws.String("arn:aws:iam::aws:policy/NoSuchPolicy")})
	wantMessage(t, err, 404, "NoSuchEntity", "Policy arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable.")
}

func TestLoginProfiles(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob"}))
	client, bob := iamFor(cloud, adminOf(cloud)), aws.String("bob")
	_, err := client.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: bob})
	wantMessage(t, err, 404, "NoSuchEntity", "Login Profile for User bob cannot be found.")
	_, err = client.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: bob, Password: aws.String("password")})
	wantError(t, err, 400, "PasswordPolicyViolation")
	in := &iam.CreateLoginProfileInput{UserName: bob, Password: aws.String("Correct-Horse-1"), PasswordResetRequired: true}
	made := ok[*iam.CreateLoginProfileOutput](t)(client.CreateLoginProfile(ctx, in)).LoginProfile
	if !made.CreateDate.Equal(start) || !made.PasswordResetRequired {
		t.Errorf("login profile is %+v", made)
	}
	_, err = client.CreateLoginProfile(ctx, in)
	wantMessage(t, err, 409, "EntityAlreadyExists", "Login Profile for user bob already exists.")
	_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: bob})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must delete login profile first.")
	ok[*iam.DeleteLoginProfileOutput](t)(client.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: bob}))
	ok[*iam.DeleteUserOutput](t)(client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: bob}))
}

func TestTags(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(fakeaws.UserSpec{Name: "bob", Tags: map[string]string{"Owner": "old"}}))
	client, bob := iamFor(cloud, adminOf(cloud)), aws.String("bob")
	tag := func(key, value string) error {
		_, err := client.TagUser(ctx, &iam.TagUserInput{UserName: bob, Tags: []types.Tag{{Key: &key, Value: &value}}})
		return err
	}
	for _, tt := range []struct{ key, value, code string }{
		{"owner", "new", ""}, {"AKIAIOSFODNN7EXAMPLE", "console's note", "ValidationError"}, {"AKIAIOSFODNN7EXAMPLE", "for the build", ""},
		{"aws:x", "y", "InvalidInput"}, {"note", "\x1b[31m", "ValidationError"}, {"Zoë_1.:/=+-@", "", ""},
	} {
		if got := errorCode(tag(tt.key, tt.value)); got != tt.code {
			t.Errorf("tag %q=%q: %q, want %q", tt.key, tt.value, got, tt.code)
		}
	}
	tags := ok[*iam.ListUserTagsOutput](t)(client.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: bob})).Tags
	if len(tags) != 3 || *tags[2].Key != "owner" || *tags[2].Value != "new" {
		t.Errorf("%d tags, the last is %s=%s: keys are one without regard to case", len(tags), *tags[2].Key, *tags[2].Value)
	}
	ok[*iam.UntagUserOutput](t)(client.UntagUser(ctx, &iam.UntagUserInput{UserName: bob, TagKeys: []string{"OWNER"}}))
	if got := len(ok[*iam.ListUserTagsOutput](t)(client.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: bob})).Tags); got != 2 {
		t.Errorf("%d tags after untagging, want 2", got)
	}
}

func TestOtherCredentials(t *testing.T) {
	spec := adminSpec(fakeaws.UserSpec{
		Name: "bob", MFA: []string{"arn:aws:iam::123456789012:mfa/bob"}, Certificates: []fakeaws.CertificateSpec{{ID: "TA7SMP42TDN5Z26OBPJE7EXAMPLE", Uploaded: start}},
		ServiceCredentials: []fakeaws.ServiceCredentialSpec{{ID: "ACCA123456789012EXAMPLE", Service: "codecommit.amazonaws.com", Created: start.Add(-time.Hour)}},
	})
	spec.Alias = "example-corp"
	cloud := newAWS(t, fakeaws.Config{}, spec)
	client, bob := iamFor(cloud, adminOf(cloud)), aws.String("bob")
	certificates := ok[*iam.ListSigningCertificatesOutput](t)(client.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: bob}))
	devices := ok[*iam.ListMFADevicesOutput](t)(client.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: bob}))
	services := ok[*iam.ListServiceSpecificCredentialsOutput](t)(client.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: bob}))
	if len(certificates.Certificates) != 1 || len(devices.MFADevices) != 1 || services.ServiceSpecificCredentials[0].Status != types.StatusTypeActive {
		t.Errorf("%d certificates, %d devices, %v", len(certificates.Certificates), len(devices.MFADevices), services.ServiceSpecificCredentials)
	}
	ok[*iam.UpdateServiceSpecificCredentialOutput](t)(client.UpdateServiceSpecificCredential(ctx, &iam.UpdateServiceSpecificCredentialInput{
		UserName: bob, ServiceSpecificCredentialId: aws.String("ACCA123456789012EXAMPLE"), Status: types.StatusTypeInactive,
	}))
	if got := cloud.Snapshot(account).Users[0].ServiceCredentials[0].Status; got != "Inactive" {
		t.Errorf("status is %s", got)
	}
	aliases := ok[*iam.ListAccountAliasesOutput](t)(client.ListAccountAliases(ctx, nil)).AccountAliases
	if len(aliases) != 1 || aliases[0] != "example-corp" {
		t.Errorf("aliases are %v", aliases)
	}
}
