package managed

import (
	"fmt"
	"regexp"
	"strings"
)

// HandOverOf is HandOver of an owner as String names it; empty where that is none
// that Of returns. Of an instance of several it can't tell how many there are.
func HandOverOf(named string) string {
	program, rest, _ := strings.Cut(named, ", ")
	i := strings.LastIndex(rest, " in ")
	if program == "CloudFormation" {
		i = strings.Index(rest, " in ") // a logical ID has no spaces; what follows has
	}
	if i < 0 || program != "Terraform" && program != "CloudFormation" {
		return ""
	}
	o := Owner{Program: program, Address: rest[:i], Where: rest[i+len(" in "):]}
	o.whole, o.single = o.Address, !strings.HasSuffix(o.Address, "]")
	return o.HandOver()
}

// HandOver says how to take a key out of its owner's hands, without the key
// being touched: lines for a person to put into a configuration or a shell.
func (o Owner) HandOver() string {
	if o.Program == "CloudFormation" {
		return o.fromStack()
	}
	return o.fromTerraform()
}

// fromTerraform is a removed block, which plans and reviews see, or the command
// where the block can't say which instance: its address takes no instance's key.
// https://developer.hashicorp.com/terraform/language/block/removed
func (o Owner) fromTerraform() string {
	command := "terraform state rm " + shellWord(o.Address)
	if !o.single || !plainAddress.MatchString(o.whole) {
		return "Take the key out of the state, and out of the configuration:\n  " + command
	}
	return fmt.Sprintf(`Replace the resource's block by this one, and apply (Terraform 1.7, OpenTofu 1.7):
  removed {
    from = %s
    lifecycle {
      destroy = false
    }
  }
or take the key out of the state, and out of the configuration:
  %s`, o.whole, command)
}

// plainAddress is what stands in a configuration without quoting.
var plainAddress = regexp.MustCompile(`^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$`)

// shellWord quotes for a POSIX shell.
func shellWord(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// fromStack is CloudFormation's way: what is retained stays when it leaves the
// template.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (o Owner) fromStack() string {
	return fmt.Sprintf(`Take the key out of the %s, in two updates:
  1. give %s the attribute  DeletionPolicy: Retain
     and put the key's new place wherever the template says !GetAtt %s.SecretAccessKey or !Ref %s
  2. take %s out of the template: the key stays, and is the stack's no more`, o.Where, o.Address, o.Address, o.Address, o.Address)
}
