package fakeaws

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"maps"
	"slices"
)

// maxPlaintext is what KMS encrypts in one call.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const maxPlaintext = 4096

// sealMark begins every ciphertext, as 0x01 0x02 begin KMS's own (AQIC… in
// base64).
var sealMark = []byte{1, 2, 2, 0}

// seal encrypts. The ciphertext tells which key made it; the context is
// additional authenticated data.
func (k *kmsKey) seal(r *request, plain []byte, context map[string]string) []byte {
	nonce := scatter(r.aws.random.next(), 12)
	head := binary.BigEndian.AppendUint16(slices.Clone(sealMark), uint16(len(k.arn)))
	head = append(append(head, k.arn...), nonce...)
	return k.aead().Seal(head, nonce, plain, canonical(context))
}

func (k *kmsKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.material)
	if err != nil {
		panic(err) // the material has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that GCM needs
	}
	return aead
}

// canonical is the encryption context as bytes: the same for the same pairs.
func canonical(context map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, word := range []string{name, context[name]} {
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(word))), word...)
		}
	}
	return b
}

// sealed is a ciphertext taken apart.
type sealed struct {
	arn         string
	nonce, body []byte
}

func openSeal(blob []byte) (sealed, bool) {
	rest, ok := bytes.CutPrefix(blob, sealMark)
	if !ok || len(rest) < 2 {
		return sealed{}, false
	}
	n := int(binary.BigEndian.Uint16(rest))
	if rest = rest[2:]; len(rest) < n+12 {
		return sealed{}, false
	}
	return sealed{string(rest[:n]), rest[n : n+12], rest[n+12:]}, true
}

func errBadCiphertext() *apiError { return refusal("InvalidCiphertextException", "") }

func encrypt(r *request, k *kmsKey, in keyInput) (any, *apiError) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	if n := len(in.Plaintext); n == 0 || n > maxPlaintext {
		bound := "greater than or equal to 1"
		if n > 0 {
			bound = "less than or equal to 4096"
		}
		return nil, errValidation("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length %s", bound)
	}
	return struct {
		CiphertextBlob      []byte
		KeyID               string `json:"KeyId"`
		EncryptionAlgorithm string
	}{k.seal(r, in.Plaintext, in.EncryptionContext), k.arn, "SYMMETRIC_DEFAULT"}, nil
}

func generateDataKey(r *request, k *kmsKey, in keyInput) (any, *apiError) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	size := in.NumberOfBytes
	switch {
	case (in.KeySpec == "") == (size == 0):
		return nil, errValidation("Please specify either number of bytes or key spec.")
	case in.KeySpec == "AES_256":
		size = 32
	case in.KeySpec == "AES_128":
		size = 16
	case in.KeySpec != "" || size < 1 || size > 1024:
		return nil, errValidation("1 validation error detected: Value at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024")
	}
	plain := scatter(r.aws.random.next(), size)
	return struct {
		CiphertextBlob, Plaintext []byte
		KeyID                     string `json:"KeyId"`
	}{k.seal(r, plain, in.EncryptionContext), plain, k.arn}, nil
}

type decryptInput struct {
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	KeyID             string `json:"KeyId"`
}

// decryptKey finds the key of a ciphertext; a key that the call names must be
// the same.
func decryptKey(r *request) (*kmsKey, sealed, decryptInput, *apiError) {
	in, err := decode[decryptInput](r)
	if err != nil {
		return nil, sealed{}, in, err
	}
	blob, ok := openSeal(in.CiphertextBlob)
	if !ok {
		return nil, blob, in, errBadCiphertext()
	}
	k, err := r.key(blob.arn)
	if err != nil {
		return nil, blob, in, errUnknownCiphertext()
	}
	if in.KeyID != "" {
		named, err := r.key(in.KeyID)
		if err != nil {
			return nil, blob, in, err
		}
		if named != k {
			return nil, blob, in, refusal("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	return k, blob, in, nil
}

func errUnknownCiphertext() *apiError {
	return errDenied("The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
}

// mayDecrypt tells who may not decrypt which key it was only if they named it.
func mayDecrypt(r *request) *apiError {
	k, _, in, err := decryptKey(r)
	if err != nil {
		return err
	}
	if err := r.mayUse(k, "Decrypt", in.EncryptionContext, ""); err != nil {
		if in.KeyID == "" {
			return errUnknownCiphertext()
		}
		return err
	}
	return nil
}

func decrypt(r *request) (any, *apiError) {
	k, blob, in, err := decryptKey(r)
	if err != nil {
		return nil, err
	}
	if k.home.account != r.account {
		r.witness = k.home.account
	}
	if err := k.usable(); err != nil {
		return nil, err
	}
	plain, wrong := k.aead().Open(nil, blob.nonce, blob.body, canonical(in.EncryptionContext))
	if wrong != nil {
		return nil, errBadCiphertext()
	}
	return struct {
		KeyID               string `json:"KeyId"`
		Plaintext           []byte
		EncryptionAlgorithm string
	}{k.arn, plain, "SYMMETRIC_DEFAULT"}, nil
}
