package module

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

func TestTemplatesAreThoseThatKeytendPrints(t *testing.T) {
	for name, want := range MemberTemplates() {
		same(t, "../cloudformation/"+name, want)
	}
}

// Every intrinsic function of a template refers to what is in it.
func TestTemplatesReferToWhatIsThere(t *testing.T) {
	files, err := filepath.Glob(filepath.FromSlash("../cloudformation/*.yaml"))
	if err != nil || len(files) < len(MemberTemplates()) {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 51200 {
			t.Errorf("%s has %d bytes: CloudFormation takes 51,200 in a call", path, len(text))
		}
		for _, fault := range template(t, path, string(text)).faults() {
			t.Errorf("%s: %s", path, fault)
		}
	}
}

func TestATemplateWithFaultsIsCaught(t *testing.T) {
	const wrong = `AWSTemplateFormatVersion: "2010-09-09"
Parameters: {Unused: {Type: String}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref Nobody
      Path: !If [Never, a, b]
Outputs: {Arn: {Value: !GetAtt Rolle.Arn}}
`
	got := template(t, "wrong", wrong).faults()
	for _, want := range []string{"!Ref Nobody", "!If Never", "!GetAtt Rolle.Arn", "parameter Unused is not used"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
}

// cloud is a template's names, and what refers to them.
type cloud struct {
	parameters, conditions, resources []string
	references                        map[string][]string // tag → what it names
}

func template(t *testing.T, path, text string) *cloud {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	c := &cloud{references: map[string][]string{}}
	ast.Walk(c, file.Docs[0].Body)
	for _, section := range pairs(file.Docs[0].Body) {
		names := map[string]*[]string{"Parameters": &c.parameters, "Conditions": &c.conditions, "Resources": &c.resources}[section.Key.String()]
		if names == nil {
			continue
		}
		for _, entry := range pairs(section.Value) {
			*names = append(*names, entry.Key.String())
		}
	}
	if len(c.resources) == 0 {
		t.Errorf("%s makes nothing", path)
	}
	return c
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// Visit notes what each intrinsic function names: for !If its first element.
func (c *cloud) Visit(n ast.Node) ast.Visitor {
	tag, ok := n.(*ast.TagNode)
	if !ok {
		return c
	}
	value := tag.Value
	if list, ok := value.(*ast.SequenceNode); ok && len(list.Values) > 0 {
		value = list.Values[0]
	}
	if named := value.GetToken(); named != nil && named.Type != token.TagType {
		c.references[tag.Start.Value] = append(c.references[tag.Start.Value], named.Value)
	}
	return c
}

func (c *cloud) faults() []string {
	var out []string
	used := map[string]bool{}
	for _, tag := range slices.Sorted(maps.Keys(c.references)) {
		for _, name := range c.references[tag] {
			base, _, _ := strings.Cut(name, ".")
			used[base] = true
			known, checked := map[string][]string{
				"!Ref":    slices.Concat(c.parameters, c.resources, []string{"AWS::NoValue", "AWS::Partition", "AWS::AccountId", "AWS::Region"}),
				"!GetAtt": c.resources, "!If": c.conditions,
			}[tag]
			if checked && !slices.Contains(known, base) {
				out = append(out, tag+" "+name)
			}
		}
	}
	for _, p := range c.parameters {
		if !used[p] {
			out = append(out, "parameter "+p+" is not used")
		}
	}
	return out
}
