package permission

import (
	"fmt"
	"strings"
)

// CloudFormation is a template for one account, or for a StackSet over many:
// nothing in it names an account, and what differs is a parameter. It makes the
// role and its policies, one for each kind of need.
func CloudFormation(all []Need, s Scope) string {
	var b strings.Builder
	fmt.Fprintf(&b, `AWSTemplateFormatVersion: "2010-09-09"
Description: The role that Keytend assumes in this account.
Parameters:
  Principal:
    Type: String
    Description: ARN of whoever runs Keytend and may assume the role.
    AllowedPattern: "arn:[a-z-]+:iam::[0-9]{12}:.+"
  ExternalId:
    Type: String
    Description: External ID that Keytend sends along; empty for none.
    Default: ""
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
Resources:
  Role:
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
`, s.memberRole())
	kinds := ByKind(all, s)
	for _, k := range Kinds() {
		if d, ok := kinds[k]; ok {
			policyResource(&b, k, d)
		}
	}
	b.WriteString("Outputs:\n  RoleArn:\n    Value: !GetAtt Role.Arn\n")
	return b.String()
}

// policyResource writes the document as JSON, which YAML contains: values of
// conditions and ARNs then need no quoting of their own.
func policyResource(b *strings.Builder, k Kind, d Document) {
	fmt.Fprintf(b, `  %sPolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: keytend-%s
      Roles: [!Ref Role]
      PolicyDocument:
%s
`, title(string(k)), k, indented(d.JSON(), "        "))
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
