package permission

import (
	"fmt"
	"strings"
)

// CloudFormation is a template for one account, or for a StackSet over many:
// nothing in it names an account, and what differs is a parameter. It makes the
// roles and their policies, one for each kind of need.
func CloudFormation(all []Need, s Scope) string {
	var b strings.Builder
	fmt.Fprintf(&b, `AWSTemplateFormatVersion: "2010-09-09"
Description: What Keytend assumes in this account.
Parameters:
  Principal:
    Type: String
    Description: ARN of whoever runs Keytend and may assume the role.
    AllowedPattern: "arn:[a-z-]+:iam::[0-9]{12}:.+"
  ExternalId:
    Type: String
    Description: External ID that Keytend sends along; empty for none.
    Default: %q
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
Resources:
`, s.ExternalID)
	kinds := ByKind(all, s)
	posts := postsOf(kinds, s)
	for _, p := range posts {
		roleResource(&b, p)
		for _, k := range p.kinds {
			policyResource(&b, p, k, kinds[k])
		}
	}
	b.WriteString("Outputs:\n")
	for _, p := range posts {
		fmt.Fprintf(&b, "  %sArn:\n    Value: !GetAtt %s.Arn\n", p.resource(), p.resource())
	}
	return b.String()
}

// resource is the role's logical ID.
func (p post) resource() string {
	if p.label == "keytend" {
		return "Role"
	}
	return title(p.label) + "Role"
}

func roleResource(b *strings.Builder, p post) {
	fmt.Fprintf(b, `  %s:
    Type: AWS::IAM::Role
    Properties:
      RoleName: %s
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {AWS: !Ref Principal}
            Action: sts:AssumeRole
            Condition: !If
              - HasExternalId
              - StringEquals: {"sts:ExternalId": !Ref ExternalId}
              - !Ref AWS::NoValue
`, p.resource(), p.role)
}

// policyResource writes the document as JSON, which YAML contains: values of
// conditions and ARNs then need no quoting of their own.
func policyResource(b *strings.Builder, p post, k Kind, d Document) {
	fmt.Fprintf(b, `  %sPolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: keytend-%s
      Roles: [!Ref %s]
      PolicyDocument:
%s
`, title(string(k)), k, p.resource(), indented(d.JSON(), "        "))
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
