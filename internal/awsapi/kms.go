package awsapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// KMS encrypts and decrypts with keys of AWS KMS in one region. A key is named
// by its ID, ARN, alias or alias ARN. Both calls change nothing, so the SDK
// repeats them as it likes.
type KMS struct {
	session *Session
	client  *kms.Client
	region  string
}

// KMS returns AWS KMS in the region that a key's ARN names, else in the
// session's.
func (s *Session) KMS(key string) *KMS {
	region := ""
	if parts := strings.SplitN(key, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		region = parts[3]
	}
	cfg := s.regional(region)
	return &KMS{session: s, client: kms.NewFromConfig(cfg), region: cfg.Region}
}

func (k *KMS) api(name string) func(*kms.Options) {
	retryer := k.session.retrying(k.region, "kms:"+name, false)
	return func(o *kms.Options) { o.Retryer = retryer }
}

// Encrypt seals at most 4,096 bytes (kms:Encrypt). The context is bound to the
// result and shows in CloudTrail.
func (k *KMS) Encrypt(ctx context.Context, key string, plain []byte, context map[string]string) ([]byte, error) {
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String(key), Plaintext: plain, EncryptionContext: context}, k.api("Encrypt"))
	if err != nil {
		return nil, k.session.fail("kms:Encrypt", err)
	}
	return out.CiphertextBlob, nil
}

// Decrypt opens what Encrypt sealed, with the same key and context
// (kms:Decrypt).
func (k *KMS) Decrypt(ctx context.Context, key string, sealed []byte, context map[string]string) ([]byte, error) {
	out, err := k.client.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(key), CiphertextBlob: sealed, EncryptionContext: context}, k.api("Decrypt"))
	if err != nil {
		return nil, k.session.fail("kms:Decrypt", err)
	}
	return out.Plaintext, nil
}

// String names the service without any credential.
func (k *KMS) String() string { return fmt.Sprintf("KMS in %s", k.region) }
