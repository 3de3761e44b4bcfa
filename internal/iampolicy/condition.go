package iampolicy

import (
	"cmp"
	"encoding/base64"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operator is a condition operator taken apart.
type operator struct {
	set      setQualifier
	ifExists bool
	negated  bool
	null     bool
	compare  comparison
}

type setQualifier byte

const (
	noSet setQualifier = iota
	forAny
	forAll
)

// comparison reports whether one value of the request matches one of the policy.
type comparison func(want conditionValue, got string, ctx context) bool

// conditionValue is a value of a policy, compiled every way an operator may
// need.
type conditionValue struct {
	raw     string
	literal pattern
	wild    pattern
	arn     arnPattern
}

// comparisons holds the operators by name; a negated one is its opposite's
// comparison. Operators are case-sensitive in IAM.
var comparisons = map[string]operator{
	"StringEquals":              {compare: stringEquals},
	"StringNotEquals":           {compare: stringEquals, negated: true},
	"StringEqualsIgnoreCase":    {compare: stringEqualsIgnoreCase},
	"StringNotEqualsIgnoreCase": {compare: stringEqualsIgnoreCase, negated: true},
	"StringLike":                {compare: stringLike},
	"StringNotLike":             {compare: stringLike, negated: true},
	"ArnEquals":                 {compare: arnLike}, // IAM: ArnEquals and ArnLike behave identically
	"ArnLike":                   {compare: arnLike},
	"ArnNotEquals":              {compare: arnLike, negated: true},
	"ArnNotLike":                {compare: arnLike, negated: true},
	"NumericEquals":             {compare: numeric(func(c int) bool { return c == 0 })},
	"NumericNotEquals":          {compare: numeric(func(c int) bool { return c == 0 }), negated: true},
	"NumericLessThan":           {compare: numeric(func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":     {compare: numeric(func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":        {compare: numeric(func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals":  {compare: numeric(func(c int) bool { return c >= 0 })},
	"DateEquals":                {compare: date(func(c int) bool { return c == 0 })},
	"DateNotEquals":             {compare: date(func(c int) bool { return c == 0 }), negated: true},
	"DateLessThan":              {compare: date(func(c int) bool { return c < 0 })},
	"DateLessThanEquals":        {compare: date(func(c int) bool { return c <= 0 })},
	"DateGreaterThan":           {compare: date(func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals":     {compare: date(func(c int) bool { return c >= 0 })},
	"Bool":                      {compare: boolEquals},
	"IpAddress":                 {compare: ipAddress},
	"NotIpAddress":              {compare: ipAddress, negated: true},
	"BinaryEquals":              {compare: binaryEquals},
	"Null":                      {null: true},
}

func parseOperator(name string) (operator, bool) {
	set := noSet
	if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		set, name = forAny, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		set, name = forAll, rest
	}
	name, ifExists := strings.CutSuffix(name, "IfExists")
	op, ok := comparisons[name]
	if !ok || op.null && (ifExists || set != noSet) {
		return operator{}, false
	}
	op.set, op.ifExists = set, ifExists
	return op, true
}

func (c *Condition) compile(variables bool) {
	for _, v := range c.Values {
		c.values = append(c.values, conditionValue{
			raw:     v,
			literal: literally(v, variables),
			wild:    compile(v, variables),
			arn:     compileARN(v, variables),
		})
	}
}

// holds reports whether the request satisfies the condition. Of an absent key
// AWS says: false, but true for the negated operators, …IfExists and
// ForAllValues, and false for ForAnyValue even when negated.
func (c *Condition) holds(ctx context) bool {
	got := ctx.get(strings.ToLower(c.Key))
	if c.op.null {
		return c.holdsNull(len(got) == 0)
	}
	if c.op.set != noSet {
		got = withoutEmpty(got)
	}
	if len(got) == 0 {
		return c.op.ifExists || c.op.set == forAll || c.op.negated && c.op.set == noSet
	}
	for _, value := range got {
		// A single-valued key with a negated operator behaves as ForAllValues:
		// no value may match.
		fits := c.matchesAny(value, ctx) != c.op.negated
		all := c.op.set == forAll || c.op.set == noSet && c.op.negated
		if fits != all {
			return fits
		}
	}
	return c.op.set == forAll || c.op.set == noSet && c.op.negated
}

func (c *Condition) holdsNull(absent bool) bool {
	for _, v := range c.Values {
		if want, err := strconv.ParseBool(strings.ToLower(v)); err == nil && want == absent {
			return true
		}
	}
	return false
}

func (c *Condition) matchesAny(got string, ctx context) bool {
	for _, want := range c.values {
		if c.op.compare(want, got, ctx) {
			return true
		}
	}
	return false
}

// withoutEmpty drops empty values: for the set operators a key that resolves
// to an empty string counts as absent.
func withoutEmpty(values []string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

func stringEquals(want conditionValue, got string, ctx context) bool {
	return want.literal.match(got, ctx)
}

func stringEqualsIgnoreCase(want conditionValue, got string, ctx context) bool {
	p, ok := want.literal.resolve(ctx)
	if !ok {
		return false
	}
	var b strings.Builder
	for _, t := range p {
		b.WriteRune(t.char)
	}
	return strings.EqualFold(b.String(), got)
}

func stringLike(want conditionValue, got string, ctx context) bool { return want.wild.match(got, ctx) }

func arnLike(want conditionValue, got string, ctx context) bool { return want.arn.match(got, ctx) }

func boolEquals(want conditionValue, got string, _ context) bool {
	return strings.EqualFold(want.raw, got)
}

func numeric(accept func(int) bool) comparison {
	return func(want conditionValue, got string, _ context) bool {
		w, ok1 := parseNumber(want.raw)
		g, ok2 := parseNumber(got)
		return ok1 && ok2 && accept(cmp.Compare(g, w))
	}
}

// parseNumber refuses what Go's parser knows and IAM doesn't: NaN and Inf.
func parseNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func date(accept func(int) bool) comparison {
	return func(want conditionValue, got string, _ context) bool {
		w, ok1 := parseDate(want.raw)
		g, ok2 := parseDate(got)
		return ok1 && ok2 && accept(g.Compare(w))
	}
}

// dateLayouts are the W3C profile of ISO 8601, which IAM names for dates.
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02", "2006-01", "2006",
}

// parseDate reads a date or, as IAM does, seconds since 1970. Four digits are
// a year.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func ipAddress(want conditionValue, got string, _ context) bool {
	addr, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(want.raw); err == nil {
		return prefix.Masked().Contains(addr.Unmap())
	}
	single, err := netip.ParseAddr(want.raw)
	return err == nil && single.Unmap() == addr.Unmap()
}

func binaryEquals(want conditionValue, got string, _ context) bool {
	w, err1 := base64.StdEncoding.DecodeString(want.raw)
	g, err2 := base64.StdEncoding.DecodeString(got)
	return err1 == nil && err2 == nil && string(w) == string(g)
}
