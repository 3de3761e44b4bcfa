package population

import "fmt"

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
	return fmt.Sprintf("%012d", 100_000_000_000+index)
}

// serialBits is what an identifier has left beside the account.
const serialBits = 39

// identifier returns prefix and 16 characters that, as in AWS's own newer key
// IDs, hold a bit that is set, the 40 bits of the account and 39 more: a
// scrambled serial. Different serials of an account never collide, nor do
// accounts.
func identifier(prefix, account string, seed, serial uint64) string {
	var number uint64
	for _, digit := range account {
		number = number*10 + uint64(digit-'0')
	}
	low := scramble(serial, seed)
	// 80 bits: the upper 41 are 1 and the account, then 39 of the serial.
	high := 1<<40 | number
	out := make([]byte, 16)
	for i := range out {
		out[15-i] = capitals[low&31]
		low = low>>5 | (high&31)<<(serialBits-5)
		high >>= 5
	}
	return prefix + string(out)
}

// scramble maps the numbers below 2^39 onto themselves, another way for each
// seed: odd factors and shifted XOR can all be undone.
func scramble(n, seed uint64) uint64 {
	const mask = 1<<serialBits - 1
	n = (n + seed*0x9E3779B97F4A7C15>>3) & mask
	n = n * 0x2545F4914F6CDD1D & mask
	n ^= n >> 20
	n = n * 0x5851F42D4C957F2D & mask
	return n ^ n>>17
}
