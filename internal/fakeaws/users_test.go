package fakeaws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/fakeaws"
)

func TestUserLifecycle(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	client := iamFor(cloud, adminOf(cloud))
	name := aws.String("doe,jane+x=y@z")
	made := ok[*iam.CreateUserOutput](t)(client.CreateUser(ctx, &iam.CreateUserInput{
		UserName: name, Path: aws.String("/team/"), Tags: []types.Tag{{Key: aws.String("Owner"), Value: aws.String("Jane Doe")}},
	}))
	if got, want := *made.User.Arn, "arn:aws:iam::123456789012:user/team/doe,jane+x=y@z"; got != want {
		t.Errorf("ARN is %s, want %s", got, want)
	}
	got := ok[*iam.GetUserOutput](t)(client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("DOE,jane+x=y@z")}))
	if *got.User.UserId != *made.User.UserId || len(got.User.Tags) != 1 {
		t.Errorf("GetUser without regard to case gives %v", got.User)
	}
	_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("Doe,Jane+x=y@z")})
	wantMessage(t, err, 409, "EntityAlreadyExists", "User with name Doe,Jane+x=y@z already exists.")
	_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})
	wantMessage(t, err, 400, "ValidationError", "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")

	key := ok[*iam.CreateAccessKeyOutput](t)(client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name}))
	_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
	ok[*iam.DeleteAccessKeyOutput](t)(client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key.AccessKey.AccessKeyId}))
	ok[*iam.AttachUserPolicyOutput](t)(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String(adminPolicy)}))
	_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	ok[*iam.DetachUserPolicyOutput](t)(client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: aws.String(adminPolicy)}))
	ok[*iam.DeleteUserOutput](t)(client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}))
	_, err = client.GetUser(ctx, &iam.GetUserInput{UserName: name})
	wantMessage(t, err, 404, "NoSuchEntity", "The user with name doe,jane+x=y@z cannot be found.")
}

func TestListsPageAtOneHundred(t *testing.T) {
	var users []fakeaws.UserSpec
	for i := range 1204 {
		users = append(users, fakeaws.UserSpec{Name: fmt.Sprintf("user-%04d", i)})
	}
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(users...))
	client := iamFor(cloud, adminOf(cloud))
	first := ok[*iam.ListUsersOutput](t)(client.ListUsers(ctx, &iam.ListUsersInput{}))
	if len(first.Users) != 100 || !first.IsTruncated || first.Marker == nil {
		t.Fatalf("first page has %d users, truncated %v", len(first.Users), first.IsTruncated)
	}
	seen := map[string]bool{}
	pages := iam.NewListUsersPaginator(client, &iam.ListUsersInput{MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page := ok[*iam.ListUsersOutput](t)(pages.NextPage(ctx))
		for _, u := range page.Users {
			seen[*u.UserName] = true
		}
	}
	if len(seen) != 1205 {
		t.Errorf("pages of 1000 give %d users, want 1205", len(seen))
	}
	for _, bad := range []int32{-1, 1001} {
		_, err := client.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(bad)})
		wantError(t, err, 400, "ValidationError")
	}
	_, err := client.ListUsers(ctx, &iam.ListUsersInput{Marker: aws.String("nonsense")})
	wantError(t, err, 400, "ValidationError")
}

func TestDetails(t *testing.T) {
	spec := adminSpec(fakeaws.UserSpec{
		Name: "alice", Tags: map[string]string{"Owner": "alice@example.com", "Note": "<b>&"}, Groups: []string{"ops"},
		InlinePolicies:      map[string]string{"inline one": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`},
		PermissionsBoundary: "arn:aws:iam::123456789012:policy/edge",
	})
	spec.Groups = []fakeaws.GroupSpec{{Name: "ops", ManagedPolicies: []string{"arn:aws:iam::123456789012:policy/edge"}}}
	spec.Policies = []fakeaws.PolicySpec{{Name: "edge", Document: fakeaws.FullAWSAccess}}
	spec.Roles = []fakeaws.RoleSpec{{Name: "deploy", TrustPolicy: `{"Version":"2012-10-17","Statement":[]}`}}
	cloud := newAWS(t, fakeaws.Config{}, spec)
	client := iamFor(cloud, adminOf(cloud))
	all := ok[*iam.GetAccountAuthorizationDetailsOutput](t)(client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{}))
	if len(all.UserDetailList) != 2 || len(all.GroupDetailList) != 1 || len(all.RoleDetailList) != 1 || len(all.Policies) != 2 {
		t.Fatalf("details: %d users, %d groups, %d roles, %d policies", len(all.UserDetailList), len(all.GroupDetailList), len(all.RoleDetailList), len(all.Policies))
	}
	alice := all.UserDetailList[0]
	if got, want := *alice.UserPolicyList[0].PolicyDocument, "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"; got != want {
		t.Errorf("inline policy is %s", got)
	}
	if alice.GroupList[0] != "ops" || *alice.Tags[0].Value != "<b>&" || *alice.PermissionsBoundary.PermissionsBoundaryArn == "" {
		t.Errorf("alice is %+v", alice)
	}
	if got := all.Policies[0]; *got.PolicyName != "edge" || *got.AttachmentCount != 1 || *got.PermissionsBoundaryUsageCount != 1 || !got.PolicyVersionList[0].IsDefaultVersion {
		t.Errorf("policy is %+v", got)
	}
	filtered := ok[*iam.GetAccountAuthorizationDetailsOutput](t)(client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeGroup}, MaxItems: aws.Int32(1),
	}))
	if len(filtered.UserDetailList) != 0 || len(filtered.GroupDetailList) != 1 || filtered.IsTruncated {
		t.Errorf("filter Group gives %+v", filtered)
	}
	summary := ok[*iam.GetAccountSummaryOutput](t)(client.GetAccountSummary(ctx, nil))
	if summary.SummaryMap["Users"] != 2 || summary.SummaryMap["AccessKeysPerUserQuota"] != 2 {
		t.Errorf("summary is %v", summary.SummaryMap)
	}
	if !strings.Contains(*alice.Arn, "alice") {
		t.Error("order of users is not that of names")
	}
}
