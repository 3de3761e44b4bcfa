package fakeaws

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strconv"
)

// random is a repeatable sequence of numbers (splitmix64).
type random struct{ seed uint64 }

func (r *random) next() uint64 {
	r.seed += 0x9e3779b97f4a7c15
	return mix(r.seed)
}

// mix scatters x's bits: the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash gives the same number for the same words.
func hash(words ...string) uint64 {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// KeyID returns the n-th access key ID of an account. As AWS's own IDs do, it
// carries the account's number, by which a lazy account is found from a key;
// it holds only the low 39 bits of n.
// https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
func KeyID(account string, n uint64) string { return keyID("AKIA", account, n) }

func keyID(prefix, account string, n uint64) string {
	number, _ := strconv.ParseUint(account, 10, 40)
	var raw [10]byte
	binary.BigEndian.PutUint64(raw[:8], 1<<63|number<<23|n&(1<<39-1)>>16)
	binary.BigEndian.PutUint16(raw[8:], uint16(n))
	return prefix + base32.StdEncoding.EncodeToString(raw[:])
}

// accountOfKey reads the account's number out of an access key ID; empty where
// the ID cannot carry one.
func accountOfKey(id string) string {
	if len(id) != 20 {
		return ""
	}
	raw, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%012d", binary.BigEndian.Uint64(raw[:8])<<1>>24)
}

// uniqueID returns an IAM unique ID (AIDA…, AROA…): prefix and 17 letters and
// digits.
func uniqueID(prefix string, n uint64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	id := []byte(prefix)
	for i := range 17 {
		if i == 12 {
			n = mix(n)
		}
		id = append(id, letters[n>>(5*(i%12))&31])
	}
	return string(id)
}

// secretOf returns a secret access key: 40 characters, like AWS's.
func secretOf(n uint64) string { return base64.StdEncoding.EncodeToString(scatter(n, 30)) }

// scatter returns size repeatable bytes.
func scatter(n uint64, size int) []byte {
	var b []byte
	for r := (random{seed: n}); len(b) < size; {
		b = binary.BigEndian.AppendUint64(b, r.next())
	}
	return b[:size]
}

// requestID returns an x-amzn-RequestId.
func requestID(n uint64) string {
	b := scatter(n, 16)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
