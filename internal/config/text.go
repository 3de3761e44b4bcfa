package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// written is a text and where it stands.
type written struct {
	text   string
	place  Place
	block  bool // it begins on the line after …
	folded bool // … and its lines are made one
	quote  int  // 1 where it begins with a quote
}

// within is the place of a character of a text.
func (d *decoder) within(w written, line, column int) Place {
	p := w.place
	switch {
	case w.folded:
	case w.block:
		p.Line += line
		p.Column = max(column, 1) + d.indentation(p.Line)
	case line == 1:
		p.Column += column - 1 + w.quote
	}
	return p
}

// indentation is how many spaces a line begins with.
func (d *decoder) indentation(line int) int {
	if line < 1 || line > len(d.lines) {
		return 0
	}
	return len(d.lines[line-1]) - len(bytes.TrimLeft(d.lines[line-1], " "))
}

// text reads a scalar. Strict: what YAML may take for a number, a yes, a no or
// nothing must be in quotes where a text is wanted.
func (d *decoder) text(n ast.Node, strict bool) (written, bool) {
	w := written{place: d.placeOf(n)}
	switch n := n.(type) {
	case *ast.LiteralNode:
		w.text, w.block, w.folded = strings.TrimRight(n.Value.Value, "\n"), true, n.Start.Type == token.FoldedType
		return w, true
	case *ast.StringNode:
		w.text = n.Value
		if strings.Contains(strings.TrimSpace(n.Token.Origin), "\n") {
			d.wrong(w.place, "a text over more than one line: begin it with | and indent its lines")
			return w, false
		}
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			w.quote = 1
			return w, true
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		w.text = n.GetToken().Value
	default:
		joined, ok := unspaced(n)
		if !ok {
			d.wrong(w.place, "want a text, not %s", describe(n))
			return w, false
		}
		w.text = joined
	}
	if d.flow > 0 && flowDoubt.MatchString(w.text) {
		d.wrong(w.place, "between brackets, a text with any of [ ] { } , ? : # in it wants quotes: write '%s'", strings.ReplaceAll(w.text, "'", "''"))
		return w, false
	}
	if oddStart.MatchString(w.text) {
		d.wrong(w.place, "a text that begins with %s wants quotes: write '%s'", w.text[:1], strings.ReplaceAll(w.text, "'", "''"))
		return w, false
	}
	if strict && doubtful(w.text) {
		d.wrong(w.place, `%s could be taken for %s: write "%s", in quotes`, w.text, mistaken(w.text), w.text)
		return w, false
	}
	return w, true
}

// flowDoubt is what ends a text, or makes it a key, between brackets: for some
// readers, not for others.
var flowDoubt = regexp.MustCompile(`[\[\]{},]|[:?]( |$)|^[?:]|^-([^0-9]|$)| #`)

// oddStart is what only some readers take for the beginning of a text.
var oddStart = regexp.MustCompile("^[],[{}%@`&*!|>]")

var numberLike = regexp.MustCompile(`(?i)^[-+]?(\.?[0-9][0-9_,.]*(e[-+]?[0-9]+)?|0[xob][0-9a-f_]+|\.inf|\.nan)$`)

// doubtful: some reader of YAML, old or new, takes this for something else than
// text.
func doubtful(text string) bool {
	return numberLike.MatchString(text) || says(text) != "" || strings.EqualFold(text, "null") || text == "~"
}

func mistaken(text string) string {
	switch {
	case len(text) == 12 && bareNumber.MatchString(text) && text[0] == '0':
		return "a number, and lose its zero"
	case numberLike.MatchString(text):
		return "a number"
	case says(text) != "":
		return "true or false"
	}
	return "nothing"
}

// describe says what stands there.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.LiteralNode:
		return "a text"
	}
	text := n.GetToken().Value
	if len(text) > 40 {
		return "a text"
	}
	return strconv.Quote(text)
}

// unspaced returns the text that a:b is: without a space after the colon it is
// no mapping, though the parser takes it for one between brackets in braces.
func unspaced(n ast.Node) (string, bool) {
	pairs, ok := pairsOf(n)
	if !ok || len(pairs) != 1 || !adjacent(pairs[0]) {
		return "", false
	}
	text := pairs[0].Value.GetToken().Value
	if _, scalar := pairs[0].Value.(ast.ScalarNode); !scalar {
		if text, ok = unspaced(pairs[0].Value); !ok {
			return "", false
		}
	}
	return pairs[0].Key.GetToken().Value + ":" + text, true
}

// adjacent reports that nothing is between a plain key, the colon and the value.
func adjacent(pair *ast.MappingValueNode) bool {
	key, colon, value := pair.Key.GetToken(), pair.Start, startOf(pair.Value)
	return key.Type == token.StringType && colon.Position.Line == value.Position.Line && value.Type != token.ImplicitNullType &&
		value.Position.Column == colon.Position.Column+1
}

func startOf(n ast.Node) *token.Token {
	if pairs, ok := pairsOf(n); ok && len(pairs) > 0 {
		return pairs[0].Key.GetToken()
	}
	return n.GetToken()
}
