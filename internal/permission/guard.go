package permission

import "slices"

// CutOff is a service control policy that takes every right to change keys from
// Keytend, wherever it is attached, whatever its own policies say. It is the
// switch to throw when Keytend itself is in doubt. What is read stays readable.
// It leaves iam:UpdateAccessKey out, if reviving is true, so that a key that was
// switched off can still be switched on again.
func CutOff(s Scope, reviving bool) Document {
	actions := []string{
		"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:PutUserPolicy", "iam:TagUser", "iam:UntagUser",
		"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "ssm:PutParameter",
	}
	if !reviving {
		actions = append(actions, "iam:UpdateAccessKey")
	}
	return Document{Version: "2012-10-17", Statement: []Statement{{
		Sid: "CutKeytendOff", Effect: "Deny", Action: slices.Sorted(slices.Values(actions)), Resource: []string{"*"},
		Condition: map[string]map[string][]string{"ArnLike": {"aws:PrincipalArn": {s.arn("iam::*:" + s.self())}}},
	}}}
}

// Trust is the trust policy of a role that Keytend assumes from another
// account. externalID, where set, must come with the request: it protects a
// role that a third party uses for several customers.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
func Trust(caller, externalID string) TrustDocument {
	st := TrustStatement{Effect: "Allow", Principal: map[string]string{"AWS": caller}, Action: "sts:AssumeRole"}
	if externalID != "" {
		st.Condition = map[string]map[string]string{"StringEquals": {"sts:ExternalId": externalID}}
	}
	return TrustDocument{Version: "2012-10-17", Statement: []TrustStatement{st}}
}

// TrustDocument is a role's trust policy.
type TrustDocument struct {
	Version   string
	Statement []TrustStatement
}

// TrustStatement is one statement of it.
type TrustStatement struct {
	Effect    string
	Principal map[string]string
	Action    string
	Condition map[string]map[string]string `json:",omitempty"`
}
