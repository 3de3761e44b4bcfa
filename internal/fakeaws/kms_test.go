package fakeaws

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestEncryptAndDecrypt(t *testing.T) {
	a := withStores(t, granting(`"kms:Encrypt"`), nil)
	c, bob := kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1")), kms.NewFromConfig(bobsConfig(a))
	key := must[*kms.CreateKeyOutput](t)(c.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.Arn
	other := must[*kms.CreateKeyOutput](t)(c.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.KeyId
	must[*kms.CreateAliasOutput](t)(c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/escrow"), TargetKeyId: key}))
	about := map[string]string{"keytend:purpose": "new secret"}
	out := must[*kms.EncryptOutput](t)(bob.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/escrow"), Plaintext: []byte("plain"), EncryptionContext: about}))
	if *out.KeyId != *key || bytes.Contains(out.CiphertextBlob, []byte("plain")) {
		t.Errorf("%+v", out)
	}
	open := func(c *kms.Client, in kms.DecryptInput) error {
		if in.CiphertextBlob == nil {
			in.CiphertextBlob = out.CiphertextBlob
		}
		if in.EncryptionContext == nil {
			in.EncryptionContext = about
		}
		got, err := c.Decrypt(t.Context(), &in)
		if err == nil && string(got.Plaintext) != "plain" {
			t.Errorf("decrypted %q", got.Plaintext)
		}
		return err
	}
	if err := open(c, kms.DecryptInput{}); err != nil {
		t.Error(err)
	}
	altered := bytes.Clone(out.CiphertextBlob)
	altered[len(altered)-1]++
	refused(t, open(c, kms.DecryptInput{CiphertextBlob: altered}), "InvalidCiphertextException", "")
	refused(t, open(c, kms.DecryptInput{CiphertextBlob: []byte("no ciphertext")}), "InvalidCiphertextException", "")
	refused(t, open(c, kms.DecryptInput{EncryptionContext: map[string]string{"keytend:purpose": "other"}}), "InvalidCiphertextException", "")
	refused(t, open(c, kms.DecryptInput{KeyId: other}), "IncorrectKeyException", "")
	refused(t, open(bob, kms.DecryptInput{}), "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist")
	refused(t, open(bob, kms.DecryptInput{KeyId: key}), "AccessDeniedException", "kms:Decrypt on resource: "+*key)
	_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: make([]byte, 4097)})
	refused(t, err, "ValidationException", "4096")

	must[*kms.DisableKeyOutput](t)(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key}))
	refused(t, open(c, kms.DecryptInput{}), "DisabledException", *key+" is disabled.")
	must[*kms.EnableKeyOutput](t)(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key}))
	must[*kms.ScheduleKeyDeletionOutput](t)(c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)}))
	refused(t, open(c, kms.DecryptInput{}), "KMSInvalidStateException", "is pending deletion.")
}

func TestKeyPolicyDecides(t *testing.T) {
	a := withStores(t, granting(`"kms:*"`), nil)
	c, bob := kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1")), kms.NewFromConfig(bobsConfig(a))
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/alice"},"Action":"kms:*","Resource":"*"}]}`
	key := must[*kms.CreateKeyOutput](t)(c.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &policy})).KeyMetadata.KeyId
	_, err := bob.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	refused(t, err, "AccessDeniedException", "because no resource-based policy allows the kms:Encrypt action")
	policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`
	must[*kms.PutKeyPolicyOutput](t)(c.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: key, Policy: &policy}))
	data := must[*kms.GenerateDataKeyOutput](t)(bob.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256}))
	got := must[*kms.DecryptOutput](t)(bob.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob}))
	if !bytes.Equal(got.Plaintext, data.Plaintext) || len(data.Plaintext) != 32 {
		t.Error("the data key comes back as another")
	}
}

func TestManagedKeys(t *testing.T) {
	a := withStores(t, granting(`"kms:*"`), nil)
	c := kms.NewFromConfig(configOf(a, storeAccount, "eu-west-1"))
	out := must[*kms.ListAliasesOutput](t)(c.ListAliases(t.Context(), &kms.ListAliasesInput{}))
	if len(out.Aliases) != 2 || *out.Aliases[0].AliasName != "alias/aws/secretsmanager" || *out.Aliases[1].AliasName != "alias/aws/ssm" {
		t.Errorf("%+v", out.Aliases)
	}
	_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/aws/ssm"), Plaintext: []byte("x")})
	refused(t, err, "AccessDeniedException", "") // only through Parameter Store
	d := must[*kms.DescribeKeyOutput](t)(c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/ssm")})).KeyMetadata
	if d.KeyManager != types.KeyManagerTypeAws || !d.Enabled {
		t.Errorf("%+v", d)
	}
	_, err = c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/none")})
	refused(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-1:123456789012:alias/none is not found.")
}
