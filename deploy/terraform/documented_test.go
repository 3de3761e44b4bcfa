package module

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Every input and output says what it is, and of what type.
func TestInputsAndOutputsAreDescribed(t *testing.T) {
	for _, dir := range folders(t) {
		f := read(t, dir)
		for _, b := range slices.Concat(f.of("variable"), f.of("output")) {
			d := b.Body.Attributes["description"]
			if d == nil || !strings.HasSuffix(text(t, d.Expr), ".") {
				t.Errorf("%s: %s %s wants a description that ends in a full stop", f, b.Type, b.Labels[0])
			}
			if b.Type == "variable" && b.Body.Attributes["type"] == nil {
				t.Errorf("%s: variable %s has no type", f, b.Labels[0])
			}
		}
		for _, b := range f.of("variable") {
			for _, inner := range b.Body.Blocks {
				if m := inner.Body.Attributes["error_message"]; m == nil || !strings.HasPrefix(text(t, m.Expr), "Want ") {
					t.Errorf("%s: variable %s: a validation says what it wants", f, b.Labels[0])
				}
			}
		}
	}
}

// The tables in each README are what is written in the module, in the form in
// which terraform-docs writes them.
func TestReadmesListInputsAndOutputs(t *testing.T) {
	for _, dir := range []string{".", "modules/member-role"} {
		path := filepath.Join(filepath.FromSlash(dir), "README.md")
		readme, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const begin, end = "<!-- BEGIN_TF_DOCS -->\n", "<!-- END_TF_DOCS -->"
		before, rest, ok := strings.Cut(string(readme), begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no %s … %s", path, begin, end)
		}
		same(t, path, before+begin+tables(t, read(t, dir))+end+after)
	}
}

func tables(t *testing.T, f folder) string {
	var b strings.Builder
	b.WriteString("## Inputs\n\n| name | what it is | type | default |\n|---|---|---|---|\n")
	for _, v := range sorted(f.of("variable")) {
		fallback := "required"
		if d := v.Body.Attributes["default"]; d != nil {
			fallback = code(source(t, f.dir, d.Expr))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Labels[0], text(t, v.Body.Attributes["description"].Expr), code(source(t, f.dir, v.Body.Attributes["type"].Expr)), fallback)
	}
	b.WriteString("\n## Outputs\n\n| name | what it is |\n|---|---|\n")
	for _, o := range sorted(f.of("output")) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.Labels[0], text(t, o.Body.Attributes["description"].Expr))
	}
	b.WriteString("\n## Resources\n\n")
	var kinds []string
	for _, r := range f.of("resource") {
		kinds = append(kinds, "`"+r.Labels[0]+"`")
	}
	b.WriteString(strings.Join(unique(kinds), ", ") + "\n")
	return b.String()
}

func sorted(blocks []*hclsyntax.Block) []*hclsyntax.Block {
	return slices.SortedFunc(slices.Values(blocks), func(a, b *hclsyntax.Block) int { return strings.Compare(a.Labels[0], b.Labels[0]) })
}

// source is an expression as it is written, on one line.
func source(t *testing.T, dir string, e hclsyntax.Expression) string {
	t.Helper()
	r := e.Range()
	file, err := os.ReadFile(filepath.Join(filepath.FromSlash(dir), filepath.Base(r.Filename)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(r.SliceBytes(file))) {
		line = strings.Join(strings.Fields(line), " ")
		switch {
		case out.Len() == 0:
		case strings.HasSuffix(out.String(), "{") || strings.HasPrefix(line, "}"):
			out.WriteString(" ")
		default:
			out.WriteString(", ")
		}
		out.WriteString(line)
	}
	return out.String()
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "|", "\\|") + "`" }
