package iampolicy

import (
	"strings"
	"unicode/utf8"
)

// pattern is a compiled policy string: literal characters, wildcards and
// variables, in order.
type pattern []token

type token struct {
	kind     tokenKind
	char     rune
	variable *variable
}

type tokenKind byte

const (
	literal   tokenKind = iota
	anyRun              // *
	anyOne              // ?
	reference           // ${key}
)

// variable is ${key} or ${key, 'fallback'}.
type variable struct {
	key      string // lower case
	fallback string
	hasElse  bool
}

// compile reads wildcards and, where the document's version has them, policy
// variables. ${*}, ${?} and ${$} are the characters themselves. What only
// looks like a variable stands for itself.
func compile(s string, variables bool) pattern {
	var p pattern
	for len(s) > 0 {
		if variables && strings.HasPrefix(s, "${") {
			if t, length, ok := readVariable(s); ok {
				p, s = append(p, t), s[length:]
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(s)
		p, s = append(p, charToken(r)), s[size:]
	}
	return p
}

// literally is compile for the operators that know no wildcards.
func literally(s string, variables bool) pattern {
	p := compile(s, variables)
	for i, t := range p {
		switch t.kind {
		case anyRun:
			p[i] = token{kind: literal, char: '*'}
		case anyOne:
			p[i] = token{kind: literal, char: '?'}
		}
	}
	return p
}

func charToken(r rune) token {
	switch r {
	case '*':
		return token{kind: anyRun}
	case '?':
		return token{kind: anyOne}
	}
	return token{kind: literal, char: r}
}

func readVariable(s string) (t token, length int, ok bool) {
	end := strings.IndexByte(s, '}')
	if end < 3 {
		return t, 0, false
	}
	body := s[2:end]
	if body == "*" || body == "?" || body == "$" {
		return token{kind: literal, char: rune(body[0])}, end + 1, true
	}
	key, fallback, hasElse := strings.Cut(body, ",")
	v := &variable{key: strings.ToLower(strings.TrimSpace(key)), hasElse: hasElse}
	if hasElse {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return t, 0, false
		}
		v.fallback = fallback[1 : len(fallback)-1]
	}
	if !strings.ContainsRune(v.key, ':') {
		return t, 0, false
	}
	return token{kind: reference, variable: v}, end + 1, true
}

// resolve replaces variables by their values, taken literally: a * in a
// user's tag is no wildcard. It fails where a key is absent and has no
// fallback, or has several values.
func (p pattern) resolve(ctx context) (pattern, bool) {
	if !p.hasVariables() {
		return p, true
	}
	out := make(pattern, 0, len(p))
	for _, t := range p {
		if t.kind != reference {
			out = append(out, t)
			continue
		}
		value, ok := t.variable.in(ctx)
		if !ok {
			return nil, false
		}
		for _, r := range value {
			out = append(out, token{kind: literal, char: r})
		}
	}
	return out, true
}

func (p pattern) hasVariables() bool {
	for _, t := range p {
		if t.kind == reference {
			return true
		}
	}
	return false
}

func (v *variable) in(ctx context) (string, bool) {
	values := ctx.get(v.key)
	if len(values) == 1 {
		return values[0], true
	}
	return v.fallback, len(values) == 0 && v.hasElse
}

// match compares whole strings, case-sensitively.
func (p pattern) match(s string, ctx context) bool {
	p, ok := p.resolve(ctx)
	return ok && glob(p, s)
}

// glob goes back only to the latest *, so it is quadratic at worst.
func glob(p pattern, s string) bool {
	i, star, resume := 0, -1, 0
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		switch {
		case i < len(p) && p[i].kind == anyRun:
			star, resume = i, at
			i++
		case i < len(p) && (p[i].kind == anyOne || p[i].kind == literal && p[i].char == r):
			i++
			at += size
		case star >= 0:
			_, skipped := utf8.DecodeRuneInString(s[resume:])
			resume += skipped
			i, at = star+1, resume
		default:
			return false
		}
	}
	for i < len(p) && p[i].kind == anyRun {
		i++
	}
	return i == len(p)
}

// arnPattern is compared part by part, so that no wildcard reaches across the
// first five colons. An incomplete ARN means any value of the parts it lacks.
type arnPattern struct {
	any   bool // "*"
	parts []pattern
}

const arnParts = 6

func compileARN(s string, variables bool) arnPattern {
	all := compile(s, variables)
	if len(all) == 1 && all[0].kind == anyRun {
		return arnPattern{any: true}
	}
	parts := []pattern{nil}
	for _, t := range all {
		if t.kind == literal && t.char == ':' && len(parts) < arnParts {
			parts = append(parts, nil)
			continue
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], t)
	}
	for len(parts) > 1 && len(parts) < arnParts {
		parts = append(parts, pattern{{kind: anyRun}})
	}
	return arnPattern{parts: parts}
}

func (a arnPattern) match(s string, ctx context) bool {
	if a.any {
		return true
	}
	values := strings.SplitN(s, ":", arnParts)
	if len(values) != len(a.parts) {
		return false
	}
	for i, p := range a.parts {
		if !p.match(values[i], ctx) {
			return false
		}
	}
	return true
}

// context holds a request's condition keys by their lower-case names.
type context map[string][]string

func newContext(keys map[string][]string) context {
	c := make(context, len(keys))
	for k, v := range keys {
		c[strings.ToLower(k)] = v
	}
	return c
}

func (c context) get(key string) []string { return c[key] }
