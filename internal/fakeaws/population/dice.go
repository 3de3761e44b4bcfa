package population

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// dice draws the same numbers on every platform: whole numbers only, from the
// generator's 64 bits. rand.Rand would draw differently on 32 bits, and floats
// round differently where a processor fuses multiplication and addition.
type dice struct{ source *rand.PCG }

func newDice(seed, stream uint64) dice { return dice{rand.NewPCG(seed, stream)} }

// below returns a number from 0 to n-1.
func (d dice) below(n int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(n))
	return int(high)
}

// percent is true in p of a hundred cases.
func (d dice) percent(p int) bool { return d.below(100) < p }

// weighted returns an index, as often as its weight says.
func (d dice) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.below(sum)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// between returns a whole number of seconds from low up to, not including,
// high; low where there is nothing between.
func (d dice) between(low, high time.Duration) time.Duration {
	low, high = low.Truncate(time.Second), high.Truncate(time.Second)
	if high <= low {
		return low
	}
	part, _ := bits.Mul64(d.source.Uint64(), uint64((high-low)/time.Second))
	return low + time.Duration(part)*time.Second
}

// text returns n characters of the alphabet.
func (d dice) text(n int, alphabet string) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[d.below(len(alphabet))]
	}
	return string(out)
}

// pick returns one of the list.
func pick[T any](d dice, list []T) T { return list[d.below(len(list))] }
