package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

// TestLocalSchema fails where docs/schema is not what the structs of this room
// say; go generate writes it.
func TestLocalSchema(t *testing.T) {
	for name, document := range map[string]any{"local-v1.json": LocalDocument{}, "usage-v1.json": UsageDocument{}, "locate-v1.json": LocateDocument{}, "monitor-v1.json": MonitorDocument{}} {
		path := filepath.Join("..", "..", "docs", "schema", name)
		want := schemaText(t, name, document)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("%s drifted (run go generate ./cmd/keytend):\n%s", name, diff)
		}
	}
}

func schemaText(t *testing.T, name string, document any) []byte {
	t.Helper()
	r := &jsonschema.Reflector{AllowAdditionalProperties: true, ExpandedStruct: true}
	if err := r.AddGoComments("github.com/keytend/keytend/cmd/keytend", "."); err != nil {
		t.Fatal(err)
	}
	schema := r.Reflect(document)
	schema.ID = jsonschema.ID("https://keytend.dev/schema/" + name)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEscapeUnprintableKeepsTheValue(t *testing.T) {
	for _, value := range []string{"plain", "\x1b[31m \x7f \u009b0m \u202e \U000e0001", "Zoë 東京 😀", "line\nbreak"} {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		escaped := escapeUnprintable(string(encoded))
		var back string
		if err := json.Unmarshal([]byte(escaped), &back); err != nil || back != value {
			t.Errorf("%q came back as %q, %v", value, back, err)
		}
		if strings.ContainsFunc(escaped, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q still has what doesn't print", escaped)
		}
	}
}
