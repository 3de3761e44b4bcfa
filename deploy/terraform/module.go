// Package module holds the Terraform module in this folder, so that keytend can
// write it out beside a policy of one's own, and the parts of it that are
// generated: what each role may do, which is what `keytend permissions` prints.
//
// It decides nothing and calls nothing.
package module

import (
	"embed"
	"io/fs"

	"github.com/keytend/keytend/internal/permission"
	"github.com/keytend/keytend/internal/terraform"
)

//go:embed *.tf modules/*/*.tf
var files embed.FS

// Files are the module's .tf files, by their paths in this folder.
func Files() fs.FS { return files }

// FunctionFeatures are what the rotation function's role is for.
func FunctionFeatures() []permission.Feature {
	return []permission.Feature{permission.Lambda, permission.Reap}
}

// MemberFeatures are what the role in each account is for; its policies are one
// for each kind of action.
func MemberFeatures() []permission.Feature {
	return []permission.Feature{permission.Scan, permission.Scorecard, permission.Rotate, permission.Retire, permission.SecretsManager, permission.SSM}
}

const generated = "Generated from internal/permission by `go test ./deploy/terraform -update`."

// FunctionPermissions is permissions.tf.
func FunctionPermissions() string {
	f := terraform.New()
	f.Comment(generated + "\nWhat `keytend permissions --for lambda,reap` prints, on this module's users and\nsecrets alone; and what a scan reads.")
	f.Policy("rotation", permission.Statements(permission.Needs(FunctionFeatures()...), permission.Words{
		Users: "local.user_arns", Secrets: "local.secret_arns", Ourselves: "local.self_arns", StoreKeys: "var.kms_key_arns", Tag: "var.user_tag",
	}))
	f.Policy("scan", permission.Statements(permission.Needs(permission.Scan), permission.Words{}))
	return f.Text()
}

// MemberPermissions is modules/member-role/permissions.tf.
func MemberPermissions() string {
	f := terraform.New()
	f.Comment(generated)
	needs := permission.Needs(MemberFeatures()...)
	for _, kind := range permission.Kinds() {
		if of := permission.OfKind(needs, kind); len(of) > 0 {
			f.Policy(string(kind), permission.Statements(of, permission.Words{Users: "local.user_arns", Ourselves: "local.self_arns"}))
		}
	}
	return f.Text()
}

// MemberTemplates are the CloudFormation templates of the role in each account,
// by file name: what `keytend permissions --output cloudformation` prints.
func MemberTemplates() map[string]string {
	scope := permission.Scope{Self: "role/keytend-member"}
	return map[string]string{
		"member-role.yaml":      permission.CloudFormation(permission.Needs(MemberFeatures()...), scope),
		"member-role-read.yaml": permission.CloudFormation(permission.Needs(permission.Scan, permission.Scorecard), scope),
	}
}
