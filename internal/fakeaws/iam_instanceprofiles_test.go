package fakeaws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestInstanceProfilesHandOneRoleOn(t *testing.T) {
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) {
		s.Roles = []RoleSpec{{Name: "worker", TrustPolicy: FullAWSAccess}, {Name: "other", TrustPolicy: FullAWSAccess}}
	}))
	client := iam.NewFromConfig(configOf(a, "123456789012", "us-east-1"))
	profile := aws.String("worker")
	must[*iam.CreateInstanceProfileOutput](t)(client.CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: profile, Path: aws.String("/apps/")}))
	add := func(role string) error {
		_, err := client.AddRoleToInstanceProfile(t.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: &role})
		return err
	}
	if err := add("worker"); err != nil {
		t.Fatal(err)
	}
	if code := codeOf(add("other")); code != "LimitExceeded" {
		t.Errorf("a second role: %s", code)
	}
	got := must[*iam.GetInstanceProfileOutput](t)(client.GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: profile})).InstanceProfile
	if *got.Arn != "arn:aws:iam::123456789012:instance-profile/apps/worker" || len(got.Roles) != 1 || *got.Roles[0].RoleName != "worker" {
		t.Errorf("it is %v", got)
	}
	if _, err := client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("worker")}); codeOf(err) != "DeleteConflict" {
		t.Errorf("the role is deleted: %v", err)
	}
	if _, err := client.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: profile}); codeOf(err) != "DeleteConflict" {
		t.Errorf("the profile is deleted: %v", err)
	}
	of := must[*iam.ListInstanceProfilesForRoleOutput](t)(client.ListInstanceProfilesForRole(t.Context(), &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("worker")}))
	if len(of.InstanceProfiles) != 1 {
		t.Errorf("of the role are %v", of.InstanceProfiles)
	}
	must[*iam.RemoveRoleFromInstanceProfileOutput](t)(client.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: profile, RoleName: aws.String("worker")}))
	must[*iam.DeleteInstanceProfileOutput](t)(client.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: profile}))
}
