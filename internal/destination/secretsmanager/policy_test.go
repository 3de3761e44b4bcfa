package secretsmanager_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/fakeaws"
)

// policy puts an inline policy on user keytend and returns how to take it away.
func policy(t *testing.T, cloud *fakeaws.AWS, name, document string) (mend func()) {
	t.Helper()
	c := iam.NewFromConfig(peoplesConfig(cloud))
	if _, err := c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("keytend"), PolicyName: &name, PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := c.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String("keytend"), PolicyName: &name}); err != nil {
			t.Error(err)
		}
	}
}
