package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/fakeaws"
)

// rotator is what every function does: it rotates a secret as AWS's template does,
// with its role's rights, and gives back any other event.
func rotator(cloud *fakeaws.AWS) func(context.Context, fakeaws.FunctionSpec, []byte) ([]byte, error) {
	return func(ctx context.Context, f fakeaws.FunctionSpec, payload []byte) ([]byte, error) {
		var event struct {
			Step, ClientRequestToken string
			SecretID                 string `json:"SecretId"`
		}
		_ = json.Unmarshal(payload, &event) // what isn't one has no Step
		if event.Step == "" {
			return payload, nil
		}
		id, secret, token, err := cloud.RoleSession(f.Role, f.Name)
		if err != nil {
			return nil, err
		}
		c := secretsmanager.New(secretsmanager.Options{Region: f.Region, HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, token), RetryMaxAttempts: 1})
		return nil, rotateStep(ctx, c, event.Step, event.SecretID, event.ClientRequestToken)
	}
}

func rotateStep(ctx context.Context, c *secretsmanager.Client, step, secret, version string) error {
	switch step {
	case "createSecret":
		_, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &secret, ClientRequestToken: &version,
			SecretString: aws.String("rotated"), VersionStages: []string{"AWSPENDING"}})
		return err
	case "finishSecret":
		about, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secret})
		if err != nil {
			return err
		}
		for id, labels := range about.VersionIdsToStages {
			if slices.Contains(labels, "AWSCURRENT") {
				_, err = c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: &secret,
					VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &version, RemoveFromVersionId: &id})
			}
		}
		return err
	}
	return nil
}
