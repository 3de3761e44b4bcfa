package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// histogram is a drawing of how old keys are, in an SVG's units.
type histogram struct {
	Width, Height, Base, LabelY int
	LimitX, LimitNameX          int
	Limit, Description, Unknown string
	Bars                        []bar
}

// bar is one span of ages: active keys from the base up, inactive ones on top.
type bar struct {
	Class, Label, Count         string
	X, Y, Width, Height, Middle int
	Off                         bool
	OffY, OffHeight, CountY     int
	active, inactive            int
	beyond                      bool
}

const (
	barWidth  = 84
	barGap    = 16
	barRoom   = 170 // height of the tallest bar
	barTop    = 40  // above it, for its count and the limit's name
	labelRoom = 26
)

// ageCount counts keys in thirds of the limit, then in doubling spans beyond it.
type ageCount struct {
	edges       []time.Duration
	bars        []bar
	noAge, keys int
}

func newAgeCount(maxAge time.Duration) ageCount {
	c := ageCount{edges: ageEdges(maxAge)}
	c.bars = make([]bar, len(c.edges)+1)
	for i := range c.bars {
		c.bars[i].Label, c.bars[i].beyond = ageLabel(c.edges, i), i >= 3
	}
	return c
}

func (c *ageCount) add(inv accesskey.Inventory, now time.Time) {
	for h := range held(inv, policy.Rules{}) {
		c.keys++
		created, ok := h.key.Created.Get()
		if !ok {
			c.noAge++
			continue
		}
		c.bars[ageIndex(c.edges, now.Sub(created))].add(h.key)
	}
}

// draw returns nil where there are no keys.
func (c *ageCount) draw(maxAge time.Duration) *histogram {
	if c.keys == 0 {
		return nil
	}
	return draw(c.bars, maxAge, c.noAge)
}

func ageEdges(maxAge time.Duration) []time.Duration {
	return []time.Duration{maxAge / 3, maxAge * 2 / 3, maxAge, 2 * maxAge, 4 * maxAge, 8 * maxAge}
}

// ageIndex finds the span of an age. A key exactly as old as an edge is within
// it, as with the rule.
func ageIndex(edges []time.Duration, age time.Duration) int {
	for i, edge := range edges {
		if age <= edge {
			return i
		}
	}
	return len(edges)
}

func ageLabel(edges []time.Duration, i int) string {
	switch i {
	case 0:
		return "to " + span(edges[0])
	case len(edges):
		return "older"
	}
	return "to " + span(edges[i])
}

func (b *bar) add(key accesskey.Key) {
	switch status, _ := key.Status.Get(); status {
	case accesskey.Inactive, accesskey.Expired:
		b.inactive++
	default:
		b.active++
	}
}

func draw(bars []bar, maxAge time.Duration, noAge int) *histogram {
	tallest := 1
	for _, b := range bars {
		tallest = max(tallest, b.active+b.inactive)
	}
	h := &histogram{Base: barTop + barRoom, Limit: span(maxAge)}
	h.Width, h.Height, h.LabelY = len(bars)*(barWidth+barGap), h.Base+labelRoom, h.Base+18
	h.LimitX = 3 * (barWidth + barGap)
	h.LimitNameX = h.LimitX + 6
	for i := range bars {
		bars[i].place(i, tallest, h.Base)
	}
	h.Bars, h.Description = bars, describe(bars)
	if noAge > 0 {
		h.Unknown = count(noAge, "key") + " of unknown age not drawn"
	}
	return h
}

func (b *bar) place(i, tallest, base int) {
	b.Class = "bar"
	if b.beyond {
		b.Class = "bar-over"
	}
	b.X, b.Width = i*(barWidth+barGap)+barGap/2, barWidth
	b.Middle = b.X + barWidth/2
	b.Height = tall(b.active, tallest)
	b.Y = base - b.Height
	b.Off = b.inactive > 0
	b.OffHeight = tall(b.inactive, tallest)
	b.OffY = b.Y - b.OffHeight
	b.CountY = b.OffY - 6
	if sum := b.active + b.inactive; sum > 0 {
		b.Count = thousands(sum)
	}
}

// tall is the height of n keys; what is there is always to be seen.
func tall(n, tallest int) int {
	if n == 0 {
		return 0
	}
	return max(2, n*barRoom/tallest)
}

// describe says the drawing in words.
func describe(bars []bar) string {
	parts := make([]string, len(bars))
	for i, b := range bars {
		parts[i] = fmt.Sprintf("%s: %d active, %d inactive", b.Label, b.active, b.inactive)
	}
	return strings.Join(parts, "; ") + "."
}
