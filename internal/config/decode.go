package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize is far above any policy that people could read.
const maxSize = 1 << 20

// decoder writes a YAML tree into structs, and collects what is wrong with it
// as it goes. It is stricter than YAML: what another reader of the same file
// could take for something else is refused.
type decoder struct {
	file       string
	lines      [][]byte
	where      places
	problems   []Problem
	bad        map[string]bool // the fields with something wrong in them: what else they may contradict isn't said
	unreadable bool            // no YAML: nothing else can be said about it
}

func (d *decoder) wrong(at Place, format string, args ...any) {
	d.problems = append(d.problems, Problem{at, fmt.Sprintf(format, args...)})
}

// parse returns the document's root; nil where it is empty or no YAML.
func (d *decoder) parse(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxSize:
		return d.fail(Place{d.file, 0, 0}, "the file has %d bytes, which is no policy", len(data))
	case !utf8.Valid(data):
		return d.fail(Place{d.file, 1 + bytes.Count(valid(data), []byte("\n")), 1}, "not UTF-8 text")
	}
	d.lines = bytes.Split(data, []byte("\n"))
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return d.syntax(data, err)
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case root != nil:
			return d.fail(d.placeOf(doc.Body), "a second document begins here (---); a policy is one")
		default:
			root = doc.Body
		}
	}
	return root
}

func valid(data []byte) []byte {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return data[:i]
		}
		i += n
	}
	return data
}

func (d *decoder) fail(at Place, format string, args ...any) ast.Node {
	d.unreadable = true
	d.wrong(at, format, args...)
	return nil
}

var tabbed = regexp.MustCompile(`(?m)^[ ]*\t[ \t]*[^\s#]`)

// syntax says where the text stops being YAML. Tabs are said first: they can't
// be seen.
func (d *decoder) syntax(data []byte, err error) ast.Node {
	if at := tabbed.FindIndex(data); at != nil {
		line := 1 + bytes.Count(data[:at[0]], []byte("\n"))
		column := 1 + bytes.IndexByte(data[at[0]:], '\t')
		return d.fail(Place{d.file, line, column}, "a tab; YAML is indented with spaces")
	}
	var wrong yaml.Error
	if !errors.As(err, &wrong) || wrong.GetToken() == nil {
		return d.fail(Place{d.file, 0, 0}, "%v", err)
	}
	at := wrong.GetToken().Position
	return d.fail(Place{d.file, at.Line, max(at.Column, 1)}, "%s%s", wrong.GetMessage(), hintOnSyntax(wrong.GetMessage()))
}

func hintOnSyntax(message string) string {
	switch {
	case strings.Contains(message, "mapping value is not allowed"):
		return `; a text with ": " in it wants quotes ('…'), and each line its right indentation`
	case strings.Contains(message, "reserved character"), strings.Contains(message, "cannot start any token"):
		return "; a text that begins so wants quotes ('…')"
	}
	return ""
}

func (d *decoder) placeOf(n ast.Node) Place {
	if n == nil || n.GetToken() == nil {
		return Place{File: d.file}
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	at := n.GetToken().Position
	return Place{d.file, at.Line, max(at.Column, 1)}
}

// document decodes the root into a struct.
func (d *decoder) document(root ast.Node, into any) {
	d.value(root, reflect.ValueOf(into).Elem(), "")
}

// hooked decodes itself.
type hooked interface {
	decode(d *decoder, n ast.Node, path string)
}

// preset has defaults that are set before it is read.
type preset interface{ preset() }

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	before := len(d.problems)
	if d.plainNode(n) {
		d.sound(n, v, path)
	}
	if len(d.problems) > before {
		d.bad[path] = true
	}
}

func (d *decoder) sound(n ast.Node, v reflect.Value, path string) {
	if path != "" {
		d.where[path] = d.placeOf(n)
	}
	switch to := v.Addr().Interface().(type) {
	case hooked:
		to.decode(d, n, path)
		return
	case expression:
		if s, ok := d.text(n, true); ok {
			d.expression(s, to)
		}
		return
	case scalar:
		if s, ok := d.text(n, false); ok {
			if err := to.set(s.text); err != nil {
				d.wrong(s.place, "%s: %v", last(path), err)
			}
		}
		return
	}
	d.kind(n, v, path)
}

func (d *decoder) kind(n ast.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		if p, ok := fresh.Interface().(preset); ok {
			p.preset()
		}
		d.value(n, fresh.Elem(), path)
		v.Set(fresh)
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.sequence(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.String:
		if s, ok := d.text(n, true); ok {
			v.SetString(s.text)
		}
	case reflect.Bool:
		d.yesNo(n, v, path)
	case reflect.Int:
		d.number(n, v, path)
	default:
		panic("config: no rule for " + v.Type().String()) // a field of the structs in this package
	}
}

// plainNode refuses what makes a file hard to read, and values that are not
// there.
func (d *decoder) plainNode(n ast.Node) bool {
	at := d.placeOf(n)
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		d.wrong(at, "anchors (&), aliases (*) and merges (<<) are not read; write it out")
	case *ast.TagNode:
		d.wrong(at, "tags (!) are not read; leave it out, and put a text in quotes")
	case *ast.NullNode:
		d.wrong(at, "no value; write one, or leave the line out")
	default:
		return true
	}
	return false
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	pairs, ok := pairsOf(n)
	if !ok {
		d.wrong(d.placeOf(n), "%swant fields (name: value), not %s", of(path), describe(n))
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]Place{}
	for _, pair := range pairs {
		name, at := d.key(pair), d.placeOf(pair.Key)
		if before, twice := seen[name]; twice {
			d.wrong(at, "%s is written twice; it was on line %d", name, before.Line)
			continue
		}
		seen[name] = at
		if adjacent(pair) {
			d.wrong(at, "%s: a space is missing after the colon", name)
			continue
		}
		f, known := fields[name]
		if !known {
			d.wrong(at, "%sunknown field %q%s", of(path), name, suggestField(name, path, v.Type()))
			continue
		}
		d.value(pair.Value, v.FieldByIndex(f.Index), join(path, name))
		if p, ok := d.where[join(path, name)]; ok && p.Line > at.Line {
			d.where[join(path, name)] = at // a mapping or list below its name
		}
	}
	d.needed(n, v.Type(), seen, path)
}

// needed asks for what can't be left out.
func (d *decoder) needed(n ast.Node, t reflect.Type, seen map[string]Place, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if _, given := seen[f.Tag.Get("yaml")]; f.Tag.Get("jsonschema") == "required" && !given {
			d.wrong(d.placeOf(n), "%s%s is missing", of(path), f.Tag.Get("yaml"))
		}
	}
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

func (d *decoder) key(pair *ast.MappingValueNode) string {
	if _, merge := pair.Key.(*ast.MergeKeyNode); merge {
		return "<<"
	}
	return pair.Key.GetToken().Value
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(d.placeOf(n), "%swant a list ([a, b], or a line for each that begins with -), not %s", of(path), describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		d.value(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
		if p, ok := out.Index(i).Addr().Interface().(placed); ok {
			p.placedAt(d.placeOf(item))
		}
	}
	v.Set(out)
}

// placed wants to know where it stands.
type placed interface{ placedAt(Place) }

func (d *decoder) table(n ast.Node, v reflect.Value, path string) {
	pairs, ok := pairsOf(n)
	if !ok {
		d.wrong(d.placeOf(n), "%swant names and values (name: value), not %s", of(path), describe(n))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(pairs)))
	for _, pair := range pairs {
		name := d.key(pair)
		if v.MapIndex(reflect.ValueOf(name)).IsValid() {
			d.wrong(d.placeOf(pair.Key), "%s is written twice", name)
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(pair.Value, value, join(path, name))
		v.SetMapIndex(reflect.ValueOf(name), value)
	}
}

func (d *decoder) yesNo(n ast.Node, v reflect.Value, path string) {
	switch text := n.GetToken().Value; {
	case n.Type() == ast.BoolType && (text == "true" || text == "false"):
		v.SetBool(text == "true")
	case says(text) != "":
		d.wrong(d.placeOf(n), "%s: write %s, without quotes", last(path), says(text))
	default:
		d.wrong(d.placeOf(n), "%s: want true or false, not %s", last(path), describe(n))
	}
}

// says is what a person means by yes, off and the like.
func says(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return "true"
	case "false", "no", "off", "n":
		return "false"
	}
	return ""
}

var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

func (d *decoder) number(n ast.Node, v reflect.Value, path string) {
	text := n.GetToken().Value
	if n.Type() != ast.IntegerType || !wholeNumber.MatchString(text) {
		d.wrong(d.placeOf(n), "%s: want a whole number, such as 5, not %s", last(path), describe(n))
		return
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		d.wrong(d.placeOf(n), "%s: %v", last(path), err)
	}
	v.SetInt(int64(number))
}

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
		p.Column = column + d.indentation(p.Line)
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
	if strict && doubtful(w.text) {
		d.wrong(w.place, `%s could be taken for %s: write "%s", in quotes`, w.text, mistaken(w.text), w.text)
		return w, false
	}
	return w, true
}

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

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// of begins a message with what it is about.
func of(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// last is the field of a path: max_age of rules.max_age.
func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
