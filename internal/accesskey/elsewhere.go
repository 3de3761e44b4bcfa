package accesskey

// Elsewhere is where to look for who else manages a key. The zero value is
// nowhere.
type Elsewhere struct {
	States  []string `json:"terraform_states,omitempty"` // of Terraform: absolute paths, or s3://bucket/key
	Regions []string `json:"stack_regions,omitempty"`    // in which to ask CloudFormation
	// Everywhere asks CloudFormation in all regions that the account can use,
	// beside Regions.
	Everywhere bool `json:"stacks_everywhere,omitempty"`
}

// Any reports whether there is anywhere to look.
func (e Elsewhere) Any() bool { return len(e.States)+len(e.Regions) > 0 || e.Everywhere }
