package population

import (
	"fmt"

	"github.com/keytend/keytend/internal/fakeaws"
)

// capitals is the alphabet of AWS's identifiers: base32, RFC 4648.
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// secretAlphabet is that of secret access keys: base64.
const secretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// AccountID returns the twelve digits of the account at an index: AWS's
// documentation account for 0, plainly made-up ones after it. It does not
// depend on the seed.
func AccountID(index int) string {
	if index == 0 {
		return "123456789012"
	}
	return fmt.Sprintf("%012d", 100_000_000_000+int64(index))
}

// identifier returns prefix and the 16 characters of one of the account's key
// IDs. Different serials of an account never collide, nor do accounts.
func identifier(prefix, account string, seed, serial uint64) string {
	return prefix + fakeaws.KeyID(account, scramble(serial, seed))[len("AKIA"):]
}

// scramble maps the numbers below 2^39, as many as a key ID holds beside the
// account, onto themselves, another way for each seed: odd factors and shifted XOR can all be undone.
func scramble(n, seed uint64) uint64 {
	const mask = 1<<39 - 1
	n = (n + seed*0x9E3779B97F4A7C15>>3) & mask
	n = n * 0x2545F4914F6CDD1D & mask
	n ^= n >> 20
	n = n * 0x5851F42D4C957F2D & mask
	return n ^ n>>17
}
