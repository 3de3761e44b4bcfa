package fakeaws

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What CloudFormation makes in IAM.

// textOf is a value of a template as a parameter of a call: an object is JSON.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case templateObject:
		text, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("fakeaws: a template's object does not encode: %v", err))
		}
		return string(text)
	}
	return fmt.Sprint(v)
}

// settleStackRole makes or changes a role. One with another name or path is
// another role; AWS makes it first and takes the old one away when everything
// else is done.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-role.html
func settleStackRole(b *builder, made, before *builtResource) *apiError {
	made.physical = made.text("RoleName")
	if made.physical == "" {
		made.physical = b.generated(made, 64)
	}
	named := []string{"RoleName", made.physical}
	if before != nil && (before.physical != made.physical || before.text("Path") != made.text("Path")) {
		return errUninterpreted("an update that replaces " + made.kind + " " + made.name)
	}
	if before == nil {
		parameters := append(slices.Clone(named), "AssumeRolePolicyDocument", made.document("AssumeRolePolicyDocument"), "Path", made.text("Path"),
			"Description", made.text("Description"), "MaxSessionDuration", made.text("MaxSessionDuration"), "PermissionsBoundary", made.text("PermissionsBoundary"))
		if err := b.call("CreateRole", append(parameters, b.tagParameters()...)...); err != nil {
			return err
		}
	} else if err := b.changeStackRole(made, before); err != nil {
		return err
	}
	made.there = true
	for _, arn := range made.texts("ManagedPolicyArns") {
		if err := b.call("AttachRolePolicy", append(named, "PolicyArn", arn)...); err != nil {
			return err
		}
	}
	found, ok := b.account.roles.get(made.physical)
	if !ok {
		return errNoEntity("The role with name " + made.physical + " cannot be found.")
	}
	made.attributes = map[string]string{"Arn": b.account.roleARN(found), "RoleId": found.id}
	return nil
}

func (b *builder) changeStackRole(made, before *builtResource) *apiError {
	named := []string{"RoleName", made.physical}
	if made.text("PermissionsBoundary") != before.text("PermissionsBoundary") {
		return errUninterpreted("an update of a role's PermissionsBoundary")
	}
	if err := b.call("UpdateAssumeRolePolicy", append(named, "PolicyDocument", made.document("AssumeRolePolicyDocument"))...); err != nil {
		return err
	}
	if err := b.call("UpdateRole", append(named, "Description", made.text("Description"), "MaxSessionDuration", made.text("MaxSessionDuration"))...); err != nil {
		return err
	}
	for _, arn := range before.texts("ManagedPolicyArns") {
		if slices.Contains(made.texts("ManagedPolicyArns"), arn) {
			continue
		}
		if err := b.call("DetachRolePolicy", append(named, "PolicyArn", arn)...); err != nil {
			return err
		}
	}
	return nil
}

// removeStackRole detaches what the template attached; what somebody else has
// put on the role keeps it.
func removeStackRole(b *builder, made *builtResource) *apiError {
	for _, arn := range made.texts("ManagedPolicyArns") {
		if err := b.call("DetachRolePolicy", "RoleName", made.physical, "PolicyArn", arn); err != nil && err.Code != "NoSuchEntity" {
			return err
		}
	}
	return b.call("DeleteRole", "RoleName", made.physical)
}

// settleStackPolicy writes an inline policy into every role, user and group that
// it is for, and takes it from those that it was for.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-policy.html
func settleStackPolicy(b *builder, made, before *builtResource) *apiError {
	made.physical = b.generated(made, 128)
	holders := made.holders()
	if len(holders) == 0 {
		return errValidation("At least one of [Groups,Roles,Users] must be non-empty.")
	}
	for _, h := range holders {
		err := b.call("Put"+h.word+"Policy", h.word+"Name", h.name, "PolicyName", made.text("PolicyName"), "PolicyDocument", made.document("PolicyDocument"))
		if err != nil {
			return err
		}
		made.there = true
	}
	if before == nil {
		return nil
	}
	for _, h := range before.holders() {
		if before.text("PolicyName") != made.text("PolicyName") || !slices.Contains(holders, h) {
			if err := b.takePolicy(h, before); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeStackPolicy(b *builder, made *builtResource) *apiError {
	for _, h := range made.holders() {
		if err := b.takePolicy(h, made); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) takePolicy(h policyHolder, made *builtResource) *apiError {
	err := b.call("Delete"+h.word+"Policy", h.word+"Name", h.name, "PolicyName", made.text("PolicyName"))
	if err != nil && err.Code == "NoSuchEntity" {
		return nil
	}
	return err
}

type policyHolder struct{ word, name string }

// holders are whom an AWS::IAM::Policy is for.
func (made *builtResource) holders() []policyHolder {
	var out []policyHolder
	for _, word := range []string{"Role", "User", "Group"} {
		for _, name := range made.texts(word + "s") {
			out = append(out, policyHolder{word, name})
		}
	}
	return out
}
