package terraform

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Addresses are those of the resources and modules of a file, in its order:
// aws_iam_role.worker, module.network.
func Addresses(text []byte) ([]string, error) {
	file, wrong := hclwrite.ParseConfig(text, "", hcl.InitialPos)
	if wrong.HasErrors() {
		return nil, fmt.Errorf("no Terraform: %w", wrong)
	}
	var addresses []string
	for _, b := range file.Body().Blocks() {
		switch b.Type() {
		case "resource":
			addresses = append(addresses, strings.Join(b.Labels(), "."))
		case "module":
			addresses = append(addresses, "module."+strings.Join(b.Labels(), "."))
		}
	}
	return addresses, nil
}
