package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decoder writes a YAML tree into structs, and collects what is wrong with it
// as it goes. It is stricter than YAML: what another reader of the same file
// could take for something else is refused.
type decoder struct {
	file       string
	lines      [][]byte
	where      places
	problems   []Problem
	flow       int             // how many brackets are around
	bad        map[string]bool // the fields with something wrong in them: what else they may contradict isn't said
	unreadable bool            // no YAML: nothing else can be said about it
}

func (d *decoder) wrong(at Place, format string, args ...any) {
	d.problems = append(d.problems, Problem{at, fmt.Sprintf(format, args...)})
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
	if bracketed(n) {
		d.flow++
		defer func() { d.flow-- }()
	}
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

// bracketed reports whether a node is written [a, b] or {a: b}.
func bracketed(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.IsFlowStyle
	case *ast.SequenceNode:
		return n.IsFlowStyle
	}
	return false
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
