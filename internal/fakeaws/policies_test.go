package fakeaws_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
)

const quarantine = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"

func TestQuarantineIsFoundByItsEntities(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(
		fakeaws.UserSpec{Name: "leaked", ManagedPolicies: []string{quarantine, adminPolicy}, Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "s"}}},
		fakeaws.UserSpec{Name: "fine"},
	))
	client := iamFor(cloud, adminOf(cloud))
	out := ok[*iam.ListEntitiesForPolicyOutput](t)(client.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: aws.String(quarantine)}))
	if len(out.PolicyUsers) != 1 || *out.PolicyUsers[0].UserName != "leaked" {
		t.Errorf("entities are %v", out.PolicyUsers)
	}
	_, err := iamFor(cloud, login{"AKIAIOSFODNN7EXAMPLE", "s", ""}).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/leaked is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::123456789012:user/x with an explicit deny in an identity-based policy")
}

func TestPolicyLifecycle(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	client := iamFor(cloud, adminOf(cloud))
	create := func(document string) (*iam.CreatePolicyOutput, error) {
		return client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), Path: aws.String("/ci/"), PolicyDocument: &document})
	}
	_, err := create(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}`)
	wantMessage(t, err, 400, "MalformedPolicyDocument", "Policy statement must contain resources.")
	made := ok[*iam.CreatePolicyOutput](t)(create(fakeaws.FullAWSAccess)).Policy
	if got, want := *made.Arn, "arn:aws:iam::123456789012:policy/ci/p"; got != want {
		t.Errorf("ARN is %s, want %s", got, want)
	}
	_, err = create(fakeaws.FullAWSAccess)
	wantMessage(t, err, 409, "EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.")
	ok[*iam.AttachUserPolicyOutput](t)(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("tester"), PolicyArn: made.Arn}))
	_, err = client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: made.Arn})
	wantMessage(t, err, 409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	version := ok[*iam.CreatePolicyVersionOutput](t)(client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
		PolicyArn: made.Arn, SetAsDefault: true, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`),
	})).PolicyVersion
	got := ok[*iam.GetPolicyOutput](t)(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: made.Arn})).Policy
	if *version.VersionId != "v2" || *got.DefaultVersionId != "v2" || *got.AttachmentCount != 1 {
		t.Errorf("version %s, policy %+v", *version.VersionId, got)
	}
	list := ok[*iam.ListPoliciesOutput](t)(client.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}))
	if len(list.Policies) != 1 {
		t.Errorf("local policies: %d", len(list.Policies))
	}
	attached := ok[*iam.ListAttachedUserPoliciesOutput](t)(client.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: aws.String("tester")}))
	if len(attached.AttachedPolicies) != 2 {
		t.Errorf("attached: %v", attached.AttachedPolicies)
	}
}

func TestPermissionsBoundaryLimits(t *testing.T) {
	spec := adminSpec(fakeaws.UserSpec{
		Name: "bounded", ManagedPolicies: []string{adminPolicy}, PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonS3FullAccess",
		Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "s"}},
	})
	cloud := newAWS(t, fakeaws.Config{}, spec)
	_, err := iamFor(cloud, login{"AKIAIOSFODNN7EXAMPLE", "s", ""}).ListUsers(ctx, nil)
	wantMessage(t, err, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/bounded is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no permissions boundary allows the iam:ListUsers action")
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	spec := adminSpec(fakeaws.UserSpec{
		Name: "ci", Keys: []fakeaws.KeySpec{{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "s"}},
		InlinePolicies: map[string]string{"rotate": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*"}]}`},
	})
	spec.ServiceControlPolicies = []string{fakeaws.FullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DeleteAccessKey","Resource":"*"}]}`}
	cloud := newAWS(t, fakeaws.Config{}, spec)
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::123456789012:user/ci"), ActionNames: []string{"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:CreateUser"},
	}
	out := ok[*iam.SimulatePrincipalPolicyOutput](t)(iamFor(cloud, adminOf(cloud)).SimulatePrincipalPolicy(ctx, in))
	want := []struct {
		decision types.PolicyEvaluationDecisionType
		byOrg    bool
	}{{"allowed", true}, {"explicitDeny", false}, {"implicitDeny", true}}
	for i, r := range out.EvaluationResults {
		if r.EvalDecision != want[i].decision || r.OrganizationsDecisionDetail.AllowedByOrganizations != want[i].byOrg {
			t.Errorf("%s: %s, by organizations %v; want %v", *r.EvalActionName, r.EvalDecision, r.OrganizationsDecisionDetail.AllowedByOrganizations, want[i])
		}
	}
	if m := out.EvaluationResults[0].MatchedStatements; len(m) != 1 || *m[0].SourcePolicyId != "rotate" || m[0].SourcePolicyType != types.PolicySourceTypeUser {
		t.Errorf("matched statements: %v", m)
	}
	_, err := iamFor(cloud, login{"AKIAIOSFODNN7EXAMPLE", "s", ""}).SimulatePrincipalPolicy(ctx, in)
	wantError(t, err, 403, "AccessDenied")
	in.PolicySourceArn = aws.String("arn:aws:iam::123456789012:user/nobody")
	_, err = iamFor(cloud, adminOf(cloud)).SimulatePrincipalPolicy(ctx, in)
	wantError(t, err, 404, "NoSuchEntity")
}

func TestSessionsOfUsers(t *testing.T) {
	cloud := newAWS(t, fakeaws.Config{}, adminSpec())
	admin := adminOf(cloud)
	out := ok[*sts.GetSessionTokenOutput](t)(stsFor(cloud, admin).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})).Credentials
	session := login{*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken}
	who := ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, session).GetCallerIdentity(ctx, nil))
	if *who.Arn != "arn:aws:iam::123456789012:user/tester" {
		t.Errorf("caller is %s", *who.Arn)
	}
	_, err := iamFor(cloud, session).ListUsers(ctx, nil)
	wantError(t, err, 403, "InvalidClientTokenId") // no IAM without MFA
	_, err = stsFor(cloud, session).GetSessionToken(ctx, nil)
	wantError(t, err, 403, "InvalidClientTokenId")

	// A session outlives the key that made it.
	client := iamFor(cloud, admin)
	ok[*iam.UpdateAccessKeyOutput](t)(client.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &admin.id, Status: types.StatusTypeInactive}))
	_, err = client.ListUsers(ctx, nil)
	wantError(t, err, 403, "InvalidClientTokenId")
	ok[*sts.GetCallerIdentityOutput](t)(stsFor(cloud, session).GetCallerIdentity(ctx, nil))
	cloud.Advance(time.Hour)
	_, err = stsFor(cloud, session).GetCallerIdentity(ctx, nil)
	wantError(t, err, 403, "ExpiredToken")
}

func TestServiceCredentialsOfEverybody(t *testing.T) {
	var users []fakeaws.UserSpec
	for i := range 150 {
		name := "u" + string(rune('a'+i%26)) + time.Duration(i).String()
		users = append(users, fakeaws.UserSpec{Name: name, ServiceCredentials: []fakeaws.ServiceCredentialSpec{{
			ID: "ACCA123456789012EXAMPLE", Service: "codecommit.amazonaws.com", UserName: name + "-at-123456789012", Created: start, Expires: start.Add(time.Hour),
		}}})
	}
	cloud := newAWS(t, fakeaws.Config{}, adminSpec(users...))
	client := iamFor(cloud, adminOf(cloud))
	cloud.Advance(time.Hour)
	in := &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true)}
	seen := 0
	for {
		out := ok[*iam.ListServiceSpecificCredentialsOutput](t)(client.ListServiceSpecificCredentials(ctx, in))
		seen += len(out.ServiceSpecificCredentials)
		if out.ServiceSpecificCredentials[0].Status != types.StatusTypeExpired {
			t.Errorf("status is %s", out.ServiceSpecificCredentials[0].Status)
		}
		if !out.IsTruncated {
			break
		}
		in.Marker = out.Marker
	}
	if seen != 150 {
		t.Errorf("%d credentials, want 150", seen)
	}
}
