package module

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Everything that is referred to is there, and everything that can be set is
// used.
func TestReferencesResolve(t *testing.T) {
	for _, dir := range folders(t) {
		f := read(t, dir)
		used := map[string]bool{}
		for _, b := range f.blocks {
			f.checkBody(t, b.Body, iterators(b), used)
		}
		for _, name := range f.names("variable") {
			if !used["var."+name] {
				t.Errorf("%s: variable %s is not used", f, name)
			}
		}
		for _, local := range f.locals() {
			if !used["local."+local] {
				t.Errorf("%s: local %s is not used", f, local)
			}
		}
		for _, d := range f.of("data") {
			if !used[strings.Join(append([]string{"data"}, d.Labels...), ".")] {
				t.Errorf("%s: data %v is not used", f, d.Labels)
			}
		}
	}
}

// iterators are what a reference in a block may begin with, besides what every
// block has.
func iterators(b *hclsyntax.Block) []string {
	var out []string
	if b.Body.Attributes["for_each"] != nil && b.Type != "dynamic" {
		out = append(out, "each")
	}
	if b.Body.Attributes["count"] != nil {
		out = append(out, "count")
	}
	if b.Type == "dynamic" {
		out = append(out, b.Labels[0])
	}
	if b.Type == "lifecycle" {
		out = append(out, "lifecycle")
	}
	return out
}

func (f folder) checkBody(t *testing.T, body *hclsyntax.Body, known []string, used map[string]bool) {
	t.Helper()
	for name, a := range body.Attributes {
		if slices.Contains(known, "lifecycle") && name == "ignore_changes" || name == "type" {
			continue // words of the language, not references
		}
		for _, traversal := range a.Expr.Variables() {
			f.checkReference(t, traversal, known, used)
		}
	}
	for _, b := range body.Blocks {
		f.checkBody(t, b.Body, slices.Concat(known, iterators(b)), used)
	}
}

func (f folder) checkReference(t *testing.T, traversal hcl.Traversal, known []string, used map[string]bool) {
	t.Helper()
	words := reference(traversal)
	there := slices.Contains(known, words[0])
	switch words[0] {
	case "var":
		there = len(words) > 1 && slices.Contains(f.names("variable"), words[1])
	case "local":
		there = len(words) > 1 && slices.Contains(f.locals(), words[1])
	case "module":
		there = len(words) == 2 && f.find("module", words[1]) != nil || len(words) > 2 && f.module(t, words[1], words[2])
	case "path":
		there = len(words) == 2 && words[1] == "module"
	case "data":
		there = len(words) > 3 && f.find("data", words[1], words[2]) != nil && exports("data."+words[1], words[3])
	default:
		if !there && strings.HasPrefix(words[0], "aws_") {
			there = len(words) > 1 && f.find("resource", words[0], words[1]) != nil && (len(words) == 2 || exports(words[0], words[2]))
		}
	}
	if !there {
		t.Errorf("%s: nothing is called %s", traversal.SourceRange(), strings.Join(words, "."))
	}
	used[strings.Join(words[:min(2, len(words))], ".")] = true
	used[strings.Join(words[:min(3, len(words))], ".")] = true
}

// locals are the names of all local values.
func (f folder) locals() []string {
	var out []string
	for _, b := range f.of("locals") {
		for name := range b.Body.Attributes {
			out = append(out, name)
		}
	}
	return out
}

// module reports whether the module that is called so has such an output.
func (f folder) module(t *testing.T, name, output string) bool {
	t.Helper()
	call := f.find("module", name)
	if call == nil {
		return false
	}
	return slices.Contains(read(t, path.Join(f.dir, text(t, call.Body.Attributes["source"].Expr))).names("output"), output)
}

// A module is called with variables that it has, and with all that it wants.
func TestModulesAreCalledAsTheyAreDeclared(t *testing.T) {
	language := []string{"source", "count", "for_each", "providers", "depends_on", "version"}
	for _, dir := range folders(t) {
		f := read(t, dir)
		for _, call := range f.of("module") {
			called := read(t, path.Join(dir, text(t, call.Body.Attributes["source"].Expr)))
			for name := range call.Body.Attributes {
				if !slices.Contains(language, name) && called.find("variable", name) == nil {
					t.Errorf("%s: module %s has no variable %s", f, call.Labels[0], name)
				}
			}
			for _, v := range called.of("variable") {
				if v.Body.Attributes["default"] == nil && call.Body.Attributes[v.Labels[0]] == nil {
					t.Errorf("%s: module %s wants %s", f, call.Labels[0], v.Labels[0])
				}
			}
		}
	}
}
