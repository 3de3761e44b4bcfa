package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Part is a piece of a file that says something by itself.
type Part struct {
	// Address is a resource's or a module's as Terraform has it (aws_iam_role.worker,
	// module.network); else its block's words (provider.aws, terraform.backend.s3).
	Address string
	Name    string // a resource's argument name, as it is written; empty: it has none
}

// String is the part, for people.
func (p Part) String() string {
	if p.Name == "" {
		return p.Address
	}
	return p.Address + " (" + p.Name + ")"
}

// Parts are those of a file, in its order.
func Parts(text []byte) ([]Part, error) {
	file, wrong := hclwrite.ParseConfig(text, "", hcl.InitialPos)
	if wrong.HasErrors() {
		return nil, fmt.Errorf("no Terraform: %w", wrong)
	}
	var parts []Part
	for _, b := range file.Body().Blocks() {
		switch b.Type() {
		case "resource":
			p := Part{Address: words(b.Labels())}
			if name := b.Body().GetAttribute("name"); name != nil {
				p.Name = strings.TrimSpace(string(name.Expr().BuildTokens(nil).Bytes()))
			}
			parts = append(parts, p)
		case "terraform":
			parts = append(parts, settings("terraform", b.Body())...)
		default:
			parts = append(parts, Part{Address: words(b.Labels(), b.Type())})
		}
	}
	return parts, nil
}

// settings are what Terraform itself is told, one by one: a file may add to them.
func settings(of string, body *hclwrite.Body) []Part {
	var parts []Part
	for _, name := range slices.Sorted(maps.Keys(body.Attributes())) {
		parts = append(parts, Part{Address: of + "." + name})
	}
	for _, b := range body.Blocks() {
		if b.Type() == "required_providers" {
			parts = append(parts, settings(of+"."+b.Type(), b.Body())...)
			continue
		}
		parts = append(parts, Part{Address: words(b.Labels(), of, b.Type())})
	}
	return parts
}

func words(labels []string, before ...string) string {
	return strings.Join(slices.Concat(before, labels), ".")
}
