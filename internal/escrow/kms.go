package escrow

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const schemeKMS = "aws-kms"

// KMS is what is needed of AWS KMS. The context is additional authenticated
// data: KMS refuses to decrypt under another, and writes it to CloudTrail, so it
// holds nothing secret.
type KMS interface {
	Encrypt(ctx context.Context, key string, plain []byte, context map[string]string) ([]byte, error)
	Decrypt(ctx context.Context, key string, sealed []byte, context map[string]string) ([]byte, error)
}

// KMSEscrow seals with a data key of its own for each value (AES-256-GCM),
// which it seals with a KMS key: KMS itself takes 4,096 bytes at most, and a
// file that a destination holds may be longer.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
type KMSEscrow struct {
	kms    KMS
	key    string
	random io.Reader
}

// NewKMS returns an escrow with a symmetric KMS key (ID, ARN or alias). random
// is a source of cryptographic randomness.
func NewKMS(kms KMS, key string, random io.Reader) *KMSEscrow {
	return &KMSEscrow{kms: kms, key: key, random: random}
}

// envelope is the sealed form.
type envelope struct {
	DataKey []byte `json:"data_key"` // sealed by KMS
	Nonce   []byte `json:"nonce"`
	Sealed  []byte `json:"sealed"`
}

// Check seals and opens a test value: kms:Encrypt and kms:Decrypt are granted.
func (e *KMSEscrow) Check(ctx context.Context) error { return roundTrip(ctx, e) }

// Seal returns a text safe to store, which only the KMS key opens, for this
// purpose.
func (e *KMSEscrow) Seal(ctx context.Context, purpose string, plain []byte) (string, error) {
	dataKey, nonce := make([]byte, 32), make([]byte, 12)
	_, err := io.ReadFull(e.random, dataKey)
	_, err2 := io.ReadFull(e.random, nonce)
	if err := errors.Join(err, err2); err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	aead, err := newAEAD(dataKey)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	sealedKey, err := e.kms.Encrypt(ctx, e.key, dataKey, boundTo(purpose))
	if err != nil {
		return "", fmt.Errorf("seal %s with KMS key %s: %w", purpose, e.key, err)
	}
	b, err := json.Marshal(envelope{sealedKey, nonce, aead.Seal(nil, nonce, plain, []byte(purpose))})
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	return text(schemeKMS, e.key, b), nil
}

// Open returns what Seal was given.
func (e *KMSEscrow) Open(ctx context.Context, purpose, sealed string) ([]byte, error) {
	key, body, err := parse(schemeKMS, sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	var env envelope
	if json.Unmarshal(body, &env) != nil || len(env.Nonce) != 12 {
		return nil, fmt.Errorf("open %s: not a sealed value", purpose)
	}
	dataKey, err := e.kms.Decrypt(ctx, key, env.DataKey, boundTo(purpose))
	if err != nil {
		return nil, fmt.Errorf("open %s with KMS key %s: %w", purpose, key, err)
	}
	aead, err := newAEAD(dataKey)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	plain, err := aead.Open(nil, env.Nonce, env.Sealed, []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("open %s: it was altered: %w", purpose, err)
	}
	return plain, nil
}

func boundTo(purpose string) map[string]string { return map[string]string{"keytend:purpose": purpose} }

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
