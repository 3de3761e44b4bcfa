package population

import (
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// reservedRole is the role that IAM Identity Center makes for administrators, with
// the provider that lets people in.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html
const (
	reservedRole     = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
	reservedPath     = "/aws-reserved/sso.amazonaws.com/"
	reservedProvider = "saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"
)

// identityCenterRole is how people enter an account that has no users.
func identityCenterRole(account string) fakeaws.RoleSpec {
	return fakeaws.RoleSpec{
		Name: reservedRole, Path: reservedPath, MaxSession: 12 * time.Hour,
		TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + providerOf(account) +
			`"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`,
		ManagedPolicies: []string{administratorAccess},
	}
}

func providerOf(account string) string { return "arn:aws:iam::" + account + ":" + reservedProvider }

// Enter returns what a visitor of account 0 signs with: the administrator's key,
// or, where Fill made no users, temporary credentials for 12 hours of the
// simulated AWS's time.
func Enter(aws *fakeaws.AWS) (id, secret, token string, err error) {
	account := AccountID(0)
	if id, secret = aws.AdminKey(account); id != "" {
		return id, secret, "", nil
	}
	return aws.SignIn("arn:aws:iam::"+account+":role"+reservedPath+reservedRole, Admin, providerOf(account))
}
