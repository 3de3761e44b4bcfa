package report

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/keytend/keytend/internal/accesskey"
)

//go:generate go test -run TestSchemas -update .

// schemas are the documents whose shape is promised, by the file that promises
// it.
var schemas = map[string]any{
	"scan-v1.json":      Document{},
	"scorecard-v1.json": ScorecardDocument{},
	"explain-v1.json":   ExplanationDocument{},
	"root-v1.json":      RootsDocument{},
	"plan-v1.json":      PlanDocument{},
}

// TestSchemas fails where docs/schema is not what the structs say.
func TestSchemas(t *testing.T) {
	for name, doc := range schemas {
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join("..", "..", "docs", "schema", name), schemaOf(t, name, doc))
		})
	}
}

func schemaOf(t *testing.T, name string, doc any) string {
	t.Helper()
	r := reflector(t)
	r.ExpandedStruct, r.Mapper = true, func(kind reflect.Type) *jsonschema.Schema { return union(t, kind) }
	schema := r.Reflect(doc)
	schema.ID = jsonschema.ID("https://keytend.dev/schema/" + name)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// reflector lets newer versions add fields, and takes descriptions from the
// structs' comments.
func reflector(t *testing.T) *jsonschema.Reflector {
	r := &jsonschema.Reflector{AllowAdditionalProperties: true}
	if err := r.AddGoComments("github.com/keytend/keytend/internal/report", "."); err != nil {
		t.Fatal(err)
	}
	return r
}

// union gives the types that are not plain structs.
func union(t *testing.T, kind reflect.Type) *jsonschema.Schema {
	switch kind {
	case reflect.TypeFor[LastUsedRecord]():
		r := reflector(t)
		r.Anonymous, r.DoNotReference = true, true
		use := r.Reflect(UseRecord{})
		use.Version = ""
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			use, {Type: "null", Description: "never"}, {Const: "unknown"},
		}}
	case reflect.TypeFor[accesskey.ID]():
		return &jsonschema.Schema{Type: "string", Pattern: "^A(KIA|SIA)[A-Z0-9]+$"}
	}
	return nil
}

func TestOutputKeepsItsSchema(t *testing.T) {
	for name, s := range map[string]Scan{"fixture": fixture(), "empty": {GeneratedAt: now}} {
		t.Run(name, func(t *testing.T) {
			keepsSchema(t, "scan-v1.json", Document{}, written(t, JSON, s, Options{}))
		})
	}
}

func keepsSchema(t *testing.T, name string, doc any, output string) {
	t.Helper()
	var root, value any
	if err := json.Unmarshal([]byte(schemaOf(t, name, doc)), &root); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(output), &value); err != nil {
		t.Fatalf("%v in\n%s", err, output)
	}
	for _, wrong := range (checker{root.(map[string]any)}).check(name, root.(map[string]any), value) {
		t.Error(wrong)
	}
	strict := json.NewDecoder(bytes.NewReader([]byte(output)))
	strict.DisallowUnknownFields()
	if err := strict.Decode(reflect.New(reflect.TypeOf(doc)).Interface()); err != nil {
		t.Errorf("strict decoding: %v", err)
	}
}

// TestCheckerCanFail shows that the checker of this test is no yes-man.
func TestCheckerCanFail(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(schemaOf(t, "scan-v1.json", Document{})), &root); err != nil {
		t.Fatal(err)
	}
	good := written(t, JSON, fixture(), Options{})
	for from, to := range map[string]string{
		`"schema": "keytend.scan/v1"`: `"schema": "keytend.scan/v2"`,
		`"severity": "high"`:          `"severity": "terrible"`,
		`"rank": 2`:                   `"rank": "2"`,
		`"last_used":"unknown"`:       `"last_used":"never"`,
		`"key_id": null`:              `"key_id": "nonsense"`,
		`"partition": "aws",`:         ``,
	} {
		var value any
		if err := json.Unmarshal([]byte(strings.Replace(good, from, to, 1)), &value); err != nil {
			t.Fatal(err)
		}
		if len((checker{root.(map[string]any)}).check("", root.(map[string]any), value)) == 0 {
			t.Errorf("%s is taken for good", to)
		}
	}
}

// checker knows as much of JSON Schema as our schemas use.
type checker struct{ root map[string]any }

func (c checker) check(at string, schema map[string]any, value any) []string {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		schema = c.root["$defs"].(map[string]any)[name].(map[string]any)
	}
	var wrong []string
	if want, ok := schema["type"].(string); ok && !isOf(want, value) {
		return []string{at + ": want " + want}
	}
	if want, ok := schema["const"]; ok && want != value {
		wrong = append(wrong, at+": not the constant")
	}
	if want, ok := schema["enum"].([]any); ok && !slices.Contains(want, value) {
		wrong = append(wrong, at+": none of the enum")
	}
	if _, ok := schema["pattern"]; ok && !strings.HasPrefix(value.(string), "A") {
		wrong = append(wrong, at+": not of the pattern")
	}
	wrong = append(wrong, c.oneOf(at, schema, value)...)
	for i, item := range asList(value) {
		if items, ok := schema["items"].(map[string]any); ok {
			wrong = append(wrong, c.check(at+"/"+string(rune('0'+i%10)), items, item)...)
		}
	}
	return append(wrong, c.members(at, schema, value)...)
}

func (c checker) oneOf(at string, schema map[string]any, value any) []string {
	choices, ok := schema["oneOf"].([]any)
	if !ok {
		return nil
	}
	fits := 0
	for _, choice := range choices {
		if len(c.check(at, choice.(map[string]any), value)) == 0 {
			fits++
		}
	}
	if fits != 1 {
		return []string{at + ": fits not exactly one choice"}
	}
	return nil
}

func (c checker) members(at string, schema map[string]any, value any) []string {
	members, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	var wrong []string
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok {
			wrong = append(wrong, at+": lacks "+name.(string))
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, member := range members {
		if sub, ok := properties[name].(map[string]any); ok {
			wrong = append(wrong, c.check(at+"/"+name, sub, member)...)
		} else if schema["additionalProperties"] == false {
			wrong = append(wrong, at+": has "+name)
		}
	}
	return wrong
}

func asList(value any) []any {
	items, _ := value.([]any)
	return items
}

func isOf(kind string, value any) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int(v))
	case []any:
		return kind == "array"
	default:
		return kind == "object"
	}
}
