package fakeaws

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// xmlWriter writes answers of the Query protocol. Struct fields become elements
// of the same name, lists hold <member> elements, maps <entry> elements. Empty
// strings, zero times and nil pointers are left out, as AWS leaves out what is
// not set; `wire:"always"` keeps an empty string. Lists are always there unless
// tagged `wire:"omitempty"`.
type xmlWriter struct{ bytes.Buffer }

func (x *xmlWriter) text(s string) { x.WriteString(s) }

func (x *xmlWriter) open(name, namespace string) {
	x.text("<" + name + ` xmlns="` + namespace + `">`)
}

func (x *xmlWriter) begin(name string) {
	x.WriteByte('<')
	x.text(name)
	x.WriteByte('>')
}

func (x *xmlWriter) close(name string) {
	x.text("</")
	x.text(name)
	x.WriteByte('>')
}

func (x *xmlWriter) element(name, value string) {
	x.begin(name)
	x.escape(value)
	x.close(name)
}

// escape writes character data. Most values need no escaping, and a page of a
// thousand users has tens of thousands of them.
func (x *xmlWriter) escape(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`<>&'"`, c) >= 0 {
			if err := xml.EscapeText(x, []byte(s)); err != nil {
				panic(err) // a buffer takes everything
			}
			return
		}
	}
	x.text(s)
}

// structure writes the fields of a struct, or of a pointer to one.
func (x *xmlWriter) structure(v any) { x.fields(reflect.Indirect(reflect.ValueOf(v))) }

func (x *xmlWriter) fields(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		field := v.FieldByIndex(f.index)
		switch {
		case f.tag == "omitempty" && field.IsZero():
		case f.tag == "always" && field.IsZero():
			x.element(f.name, "")
		default:
			x.field(f.name, field)
		}
	}
}

func (x *xmlWriter) field(name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			x.field(name, v.Elem())
		}
	case reflect.String:
		if v.Len() > 0 {
			x.element(name, v.String())
		}
	case reflect.Bool:
		x.element(name, strconv.FormatBool(v.Bool()))
	case reflect.Int:
		x.element(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		x.element(name, strconv.FormatFloat(v.Float(), 'f', -1, 64))
	case reflect.Slice:
		x.list(name, v)
	case reflect.Map:
		x.mapping(name, v)
	case reflect.Struct:
		x.nested(name, v)
	default:
		panic(fmt.Sprintf("fakeaws: field %s of kind %s does not encode", name, v.Kind()))
	}
}

func (x *xmlWriter) nested(name string, v reflect.Value) {
	if t, ok := v.Interface().(time.Time); ok {
		if !t.IsZero() {
			x.element(name, t.Format(time.RFC3339))
		}
		return
	}
	x.begin(name)
	x.fields(v)
	x.close(name)
}

func (x *xmlWriter) list(name string, v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		x.element(name, base64.StdEncoding.EncodeToString(v.Bytes()))
		return
	}
	x.begin(name)
	for i := range v.Len() {
		x.field("member", v.Index(i))
	}
	x.close(name)
}

func (x *xmlWriter) mapping(name string, v reflect.Value) {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	x.begin(name)
	for _, k := range keys {
		x.begin("entry")
		x.element("key", k.String())
		if value := v.MapIndex(k); value.Kind() == reflect.String {
			x.element("value", value.String()) // also where it is empty
		} else {
			x.field("value", value)
		}
		x.close("entry")
	}
	x.close(name)
}

// wireField is a field of a struct as the wire knows it; embedded structs are
// flattened.
type wireField struct {
	index []int
	name  string
	tag   string
}

var wireFields sync.Map // reflect.Type → []wireField

func fieldsOf(t reflect.Type) []wireField {
	if known, ok := wireFields.Load(t); ok {
		return known.([]wireField)
	}
	var fields []wireField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		fields = append(fields, wireField{f.Index, f.Name, f.Tag.Get("wire")})
	}
	wireFields.Store(t, fields)
	return fields
}
