package terraform

import (
	"fmt"
	"testing"
)

func TestParts(t *testing.T) {
	for text, want := range map[string]string{
		"": "[]",
		"resource \"aws_iam_role\" \"a\" {\n  name = \"a-role\"\n}\nresource \"null_resource\" \"b\" {}\n":                                   `[aws_iam_role.a ("a-role") null_resource.b]`,
		"resource \"aws_iam_role\" \"a\" {\n  name = \"${var.x}-role\" # theirs\n}\n":                                                        `[aws_iam_role.a ("${var.x}-role")]`,
		"module \"network\" {\n  source = \"./n\"\n}\ndata \"aws_region\" \"here\" {}\n":                                                     `[module.network data.aws_region.here]`,
		"provider \"aws\" {\n  region = \"eu-west-1\"\n}\nlocals {\n  a = 1\n}\nmoved {}\n":                                                  `[provider.aws locals moved]`,
		"terraform {\n  required_version = \">= 1.5\"\n  backend \"s3\" {}\n  required_providers {\n    aws = {}\n    random = {}\n  }\n}\n": `[terraform.required_version terraform.backend.s3 terraform.required_providers.aws terraform.required_providers.random]`,
		"resource {}\nresource \"a\" {}\n": "[ a]",
	} {
		parts, err := Parts([]byte(text))
		if got := fmt.Sprint(parts); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{`{"a": 1}`, "resource {", "\x00"} {
		if parts, err := Parts([]byte(text)); err == nil {
			t.Errorf("%q is taken for Terraform: %v", text, parts)
		}
	}
}
