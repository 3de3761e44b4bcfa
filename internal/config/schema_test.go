package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

//go:generate go test -run TestSchema -update .

var update = flag.Bool("update", false, "write docs/schema/keytend.schema.json instead of comparing it")

// TestSchema holds docs/schema/keytend.schema.json to the structs.
func TestSchema(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "schema", "keytend.schema.json")
	want := schemaText(t)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s has drifted: run go generate ./internal/config", path)
	}
}

func schemaText(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schemaOf(t)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Mapper: scalarSchema}
	if err := r.AddGoComments("github.com/keytend/keytend/internal/config", "."); err != nil {
		t.Fatal(err)
	}
	comments := r.CommentMap
	r.CommentMap = nil
	r.LookupComment = func(kind reflect.Type, field string) string { return comment(comments, kind, field) }
	s := r.Reflect(&Policy{})
	s.ID, s.Title, s.Description = "https://keytend.dev/schema/keytend.schema.json", "Keytend policy", "How access keys live in all accounts. Everything is optional: an empty file means AWS's own recommendations, observe only."
	defaults := Default()
	withDefaults(s, reflect.ValueOf(defaults.Settings))
	withDefaults(s.Definitions["Rules"], reflect.ValueOf(defaults.Rules))
	withDefaults(s.Definitions["Times"], reflect.ValueOf(defaults.Times))
	return s
}

// comment is a field's, with the name that people write.
func comment(comments map[string]string, kind reflect.Type, field string) string {
	if field == "" || kind.Kind() != reflect.Struct {
		return "" // a type's comment is for programmers
	}
	f, _ := kind.FieldByName(field)
	text := strings.Join(strings.Fields(comments[kind.PkgPath()+"."+kind.Name()+"."+field]), " ")
	return strings.Replace(text, field+" ", f.Tag.Get("yaml")+" ", 1)
}

func withDefaults(s *jsonschema.Schema, v reflect.Value) {
	for i := range v.NumField() {
		property, found := s.Properties.Get(v.Type().Field(i).Tag.Get("yaml"))
		switch field := v.Field(i); {
		case !found || field.Kind() == reflect.Struct || field.Kind() == reflect.Slice || field.Kind() == reflect.String && field.Len() == 0:
		case field.Kind() == reflect.Bool:
			property.Default = field.Bool()
		default:
			property.Default = shown(field)
		}
	}
}

// scalarSchema is the schema of what is written as one text.
func scalarSchema(kind reflect.Type) *jsonschema.Schema {
	if w, ok := reflect.Zero(kind).Interface().(word); ok {
		s := &jsonschema.Schema{Type: "string"}
		for _, one := range w.allowed() {
			s.Enum = append(s.Enum, one)
		}
		return s
	}
	text := map[reflect.Type]jsonschema.Schema{
		reflect.TypeFor[Duration]():  {Pattern: `^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$`, MinLength: ptr(2), Examples: []any{"90d", "36h", "2w"}},
		reflect.TypeFor[Clock]():     {Pattern: `^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, Examples: []any{"09:00"}},
		reflect.TypeFor[Moment]():    {Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}.*)?$`, Examples: []any{"2027-03-31", "2027-03-31T18:00:00Z"}},
		reflect.TypeFor[Zone]():      {Examples: []any{"Europe/Berlin", "UTC"}},
		reflect.TypeFor[Condition](): {Examples: []any{`user.path.startsWith("/ci/")`}},
		reflect.TypeFor[Formula]():   {Examples: []any{`user.tags["team"] + "@example.com"`}},
		reflect.TypeFor[Reference](): {Examples: []any{"env:NAME", "file:/run/secrets/name"}},
	}
	if s, ok := text[kind]; ok {
		s.Type = "string"
		return &s
	}
	if kind == reflect.TypeFor[Admin]() {
		when := jsonschema.NewProperties()
		when.Set("when", &jsonschema.Schema{Type: "string"})
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"},
			{Type: "object", Properties: when, Required: []string{"when"}, AdditionalProperties: jsonschema.FalseSchema}}}
	}
	return nil
}

func ptr(n uint64) *uint64 { return &n }

// TestSchemaKnowsEveryField: what the decoder reads, editors complete, with a
// sentence each.
func TestSchemaKnowsEveryField(t *testing.T) {
	s := schemaOf(t)
	for _, kind := range []reflect.Type{
		reflect.TypeFor[Policy](), reflect.TypeFor[Override](), reflect.TypeFor[Rules](), reflect.TypeFor[Times](), reflect.TypeFor[Exemption](),
		reflect.TypeFor[Owners](), reflect.TypeFor[Window](), reflect.TypeFor[Freeze](), reflect.TypeFor[Channel](), reflect.TypeFor[Gate](),
		reflect.TypeFor[Ramp](), reflect.TypeFor[Budgets](), reflect.TypeFor[Managed](), reflect.TypeFor[Organization](), reflect.TypeFor[Roles](),
	} {
		of := s
		if kind != reflect.TypeFor[Policy]() {
			of = s.Definitions[kind.Name()]
		}
		var have []string
		for p := of.Properties.Oldest(); p != nil; p = p.Next() {
			have = append(have, p.Key)
			if p.Value.Description == "" && p.Value.Ref == "" {
				t.Errorf("%s.%s: no description", kind.Name(), p.Key)
			}
		}
		slices.Sort(have)
		if !slices.Equal(have, names(kind)) {
			t.Errorf("%s: the schema has %v, the decoder %v", kind.Name(), have, names(kind))
		}
	}
}
