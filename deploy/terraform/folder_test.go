package module

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// folders are those that hold a module, or a root module.
func folders(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.tf", "modules/*/*.tf", "examples/*/*.tf"} {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			if dir := filepath.ToSlash(filepath.Dir(f)); !slices.Contains(out, dir) {
				out = append(out, dir)
			}
		}
	}
	return out
}

// folder is one module as it is written.
type folder struct {
	dir    string
	blocks []*hclsyntax.Block
}

func read(t *testing.T, dir string) folder {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(files), err)
	}
	parser := hclparse.NewParser()
	out := folder{dir: dir}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, wrong := parser.ParseHCL(text, filepath.ToSlash(f))
		if wrong.HasErrors() {
			t.Fatal(wrong)
		}
		body := parsed.Body.(*hclsyntax.Body)
		for name := range body.Attributes {
			t.Errorf("%s: %s stands outside of any block", f, name)
		}
		out.blocks = append(out.blocks, body.Blocks...)
	}
	return out
}

// of are the blocks of one type, such as "variable".
func (f folder) of(kind string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range f.blocks {
		if b.Type == kind {
			out = append(out, b)
		}
	}
	return out
}

// names are the last labels of the blocks of one type.
func (f folder) names(kind string) []string {
	var out []string
	for _, b := range f.of(kind) {
		out = append(out, b.Labels[len(b.Labels)-1])
	}
	return out
}

// find is the block of these labels, or nil.
func (f folder) find(kind string, labels ...string) *hclsyntax.Block {
	for _, b := range f.of(kind) {
		if slices.Equal(b.Labels, labels) {
			return b
		}
	}
	return nil
}

// text is what an expression says where it says it outright.
func text(t *testing.T, e hclsyntax.Expression) string {
	t.Helper()
	value, wrong := e.Value(nil)
	if wrong.HasErrors() {
		t.Fatalf("%s: %v", e.Range(), wrong)
	}
	return value.AsString()
}

// actions are those of a policy document.
func (f folder) actions(t *testing.T, document string) []string {
	t.Helper()
	block := f.find("data", "aws_iam_policy_document", document)
	if block == nil {
		t.Fatalf("%s has no policy document %s", f.dir, document)
	}
	var out []string
	walk(block.Body, func(b *hclsyntax.Body) {
		list, ok := b.Attributes["actions"]
		if !ok {
			return
		}
		value, wrong := list.Expr.Value(nil)
		if wrong.HasErrors() {
			t.Fatal(wrong)
		}
		for _, action := range value.AsValueSlice() {
			out = append(out, action.AsString())
		}
	})
	return out
}

// walk shows a body and every one in it.
func walk(b *hclsyntax.Body, show func(*hclsyntax.Body)) {
	show(b)
	for _, inner := range b.Blocks {
		walk(inner.Body, show)
	}
}

// reference is a traversal as it is written, without indices: ["var", "name"].
func reference(traversal hcl.Traversal) []string {
	var out []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			out = append(out, step.Name)
		case hcl.TraverseAttr:
			out = append(out, step.Name)
		}
	}
	return out
}

func (f folder) String() string { return strings.TrimPrefix(f.dir, "./") }
