package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/permission"
)

// TestSecretPermissionsAreEnoughAndNoMore does the same for the commands about a
// secret whose rotation is under way: all of them in one world, since it takes a
// while until it is.
func TestSecretPermissionsAreEnoughAndNoMore(t *testing.T) {
	t.Parallel()
	l := newLimited(t, nil)
	l.rotate()
	l.aws.Advance(8 * 24 * time.Hour)
	stale := l.tags()
	for i := range 20 { // older writes of the record
		stale = append(stale, types.Tag{Key: aws.String(fmt.Sprintf("keytend:rotation/record/%d/0", i+1)), Value: aws.String("1 x")})
	}
	lost := slices.DeleteFunc(l.tags(), func(t types.Tag) bool { return strings.HasPrefix(*t.Key, "keytend:rotation/") })
	as := func(needs []permission.Need) *limited {
		l.may(needs)
		l.wrong = ""
		l.said.Reset()
		return l
	}
	enoughAndNoMore(t, []permission.Feature{permission.SecretStatus}, as, func(l *limited) {
		if strings.Contains(l.run("secret", "status", "prod/billing"), "a fact is not known") {
			l.wrong = "the status does not know"
		}
	})
	enoughAndNoMore(t, []permission.Feature{permission.SecretResolve}, as, func(l *limited) {
		l.retag(lost)
		l.run("secret", "resolve", "prod/billing", "recover", "--yes")
		l.retag(stale)
		l.run("secret", "resolve", "prod/billing", "rollback", "--yes")
	})
}

// TestScanAsksForTheSecretThatAUserNames: what a scan may by all that is printed
// suffices, and without the action it says that it doesn't know.
func TestScanAsksForTheSecretThatAUserNames(t *testing.T) {
	t.Parallel()
	const asks = "secretsmanager:DescribeSecret"
	needs := permission.Needs(permission.Scan)
	for name, less := range map[string]bool{"enough": false, "no more": true} {
		l := newLimited(t, slices.DeleteFunc(slices.Clone(needs), func(n permission.Need) bool { return less && n.Action == asks }))
		if _, err := iam.NewFromConfig(l.base()).TagUser(t.Context(), &iam.TagUserInput{UserName: aws.String("worker"), Tags: []iamtypes.Tag{
			{Key: aws.String("keytend:secret"), Value: aws.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/gone-a1b2c3")},
		}}); err != nil {
			t.Fatal(err)
		}
		found := strings.Contains(l.run("scan"), "secret-gone")
		if said := l.said.String(); found == less || (l.wrong != "") != less || less && !strings.Contains(said, asks) {
			t.Errorf("%s: %s\n%s", name, l.wrong, said)
		}
	}
}

// base is the raw SDK as the administrator.
func (l *limited) base() aws.Config {
	users := l.aws.Snapshot(limitedAccount).Users
	key := users[slices.IndexFunc(users, func(u fakeaws.UserSpec) bool { return u.Name == "base" })].Keys[0]
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
		HTTPClient: &http.Client{Transport: l.aws.RoundTripper()},
	}
}

// may lets keytend do just this from now on.
func (l *limited) may(needs []permission.Need) {
	l.t.Helper()
	if _, err := iam.NewFromConfig(l.base()).PutRolePolicy(l.t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("keytend"), PolicyName: aws.String("keytend"),
		PolicyDocument: aws.String(permission.Policy(needs, permission.Scope{Self: "role/ops/keytend"}).JSON()),
	}); err != nil {
		l.t.Fatal(err)
	}
}

// rotate has the function rotate the worker's secret, and its reaper come until
// it watches who uses which key.
func (l *limited) rotate() {
	l.t.Helper()
	id, secret, token, err := l.aws.RoleSession(rotationRole, "keytend-rotation")
	if err != nil {
		l.t.Fatal(err)
	}
	function := newSandbox(l.t, append(slices.Clone(l.env), "AWS_PROFILE=", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret,
		"AWS_SESSION_TOKEN="+token, "KEYTEND_SETTLE=1s"))
	defer function.end()
	l.aws.SetFunctionCode(limitedFunction, function.invoke)
	if _, err := secretsmanager.NewFromConfig(l.base()).RotateSecret(l.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: aws.String("prod/billing"), RotationLambdaARN: aws.String(limitedFunction),
	}); err != nil {
		l.t.Fatal(err)
	}
	l.aws.RunDue(l.t.Context())
	overlaps := func(t types.Tag) bool {
		return *t.Key == "keytend:rotation/state" && strings.Contains(*t.Value, ": overlap since")
	}
	for range 20 {
		if slices.ContainsFunc(l.tags(), overlaps) {
			return
		}
		l.aws.Advance(2 * time.Minute)
		if _, err := function.invoke(l.t.Context(), []byte(`{"task":"reap"}`)); err != nil {
			l.t.Fatal(err)
		}
	}
	l.t.Fatal("the rotation comes to no overlap")
}

// tags are those of the worker's secret.
func (l *limited) tags() []types.Tag {
	l.t.Helper()
	out, err := secretsmanager.NewFromConfig(l.base()).DescribeSecret(l.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("prod/billing")})
	if err != nil {
		l.t.Fatal(err)
	}
	return out.Tags
}

// retag puts tags back as they were.
func (l *limited) retag(tags []types.Tag) {
	l.t.Helper()
	client := secretsmanager.NewFromConfig(l.base())
	var gone []string
	for _, t := range l.tags() {
		gone = append(gone, *t.Key)
	}
	_, err := client.UntagResource(l.t.Context(), &secretsmanager.UntagResourceInput{SecretId: aws.String("prod/billing"), TagKeys: gone})
	if err == nil {
		_, err = client.TagResource(l.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String("prod/billing"), Tags: tags})
	}
	if err != nil {
		l.t.Fatal(err)
	}
}
