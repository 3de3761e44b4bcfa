package inventory

import (
	"errors"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

const (
	allowAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	allowRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`
	ownARN    = "arn:aws:iam::123456789012:policy/own"
	adminARN  = "arn:aws:iam::aws:policy/AdministratorAccess"
)

func TestPrivilege(t *testing.T) {
	complete := &seen{
		groups: []awsapi.Group{{Name: "admins", ARN: "arn:aws:iam::123456789012:group/admins", ManagedPolicies: []string{adminARN}}, {Name: "staff"}},
		policies: []awsapi.ManagedPolicy{
			{ARN: adminARN, Name: "AdministratorAccess", Document: allowAll}, {ARN: ownARN, Name: "own", Document: allowRead},
		},
	}
	blind := &seen{policiesErr: errors.New("denied")}
	for name, c := range map[string]struct {
		seen *seen
		user awsapi.User
		want string // yes, no, or what the reason for unknown contains
	}{
		"nothing":                       {complete, awsapi.User{}, "no"},
		"directly":                      {complete, awsapi.User{ManagedPolicies: []string{adminARN}}, "yes"},
		"by group":                      {complete, awsapi.User{Groups: []string{"staff", "admins"}}, "yes"},
		"inline":                        {complete, awsapi.User{InlinePolicies: []awsapi.PolicyDocument{{Name: "all", Document: allowAll}}}, "yes"},
		"reader":                        {complete, awsapi.User{ManagedPolicies: []string{ownARN}, Groups: []string{"staff"}}, "no"},
		"kept in bounds":                {complete, awsapi.User{ManagedPolicies: []string{adminARN}, PermissionsBoundary: ownARN}, "no"},
		"wide bounds":                   {complete, awsapi.User{ManagedPolicies: []string{adminARN}, PermissionsBoundary: adminARN}, "yes"},
		"unread policy":                 {complete, awsapi.User{ManagedPolicies: []string{"arn:aws:iam::123456789012:policy/unread"}}, "unread"},
		"unread AWS policy":             {complete, awsapi.User{ManagedPolicies: []string{"arn:aws:iam::aws:policy/Unread"}}, "Unread"},
		"unread beside admin":           {complete, awsapi.User{ManagedPolicies: []string{"arn:aws:iam::aws:policy/Unread", adminARN}}, "yes"},
		"broken document":               {complete, awsapi.User{InlinePolicies: []awsapi.PolicyDocument{{Name: "odd", Document: "{"}}}, "odd"},
		"no policies read":              {blind, awsapi.User{ManagedPolicies: []string{ownARN}}, "denied"},
		"no policies read, AWS's admin": {blind, awsapi.User{ManagedPolicies: []string{adminARN}}, "yes"},
		"no policies read, none had":    {blind, awsapi.User{}, "no"},
		"no policies read, group":       {blind, awsapi.User{Groups: []string{"admins"}}, "denied"},
		"no policies read, in bounds":   {blind, awsapi.User{ManagedPolicies: []string{adminARN}, PermissionsBoundary: ownARN}, "denied"},
	} {
		c.user.Name = "alice"
		u := fromListing(datedUser{User: c.user, at: scanned, detailed: true})
		u.noteDetails(c.seen, newPrivilegeJudge(c.seen))
		if got := told(u.Privilege); got != c.want && (c.want == "yes" || c.want == "no" || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func told(privilege accesskey.Fact[accesskey.Privilege]) string {
	switch p, known := privilege.Get(); {
	case !known:
		return privilege.Why()
	case p.Admin && p.Why != "":
		return "yes"
	case p.Admin:
		return "yes, but why?"
	}
	return "no"
}

func TestPrivilegeIsUnknownWithoutDetails(t *testing.T) {
	s := &seen{detailsErr: errors.New("denied")}
	u := fromListing(datedUser{User: awsapi.User{Name: "alice"}, at: scanned})
	u.noteDetails(s, newPrivilegeJudge(s))
	if u.Privilege.Known() || u.Tags.Known() || u.Groups.Known() || u.ManagedPolicies.Known() || u.Tags.Why() != "denied" {
		t.Fatalf("%+v", u.User)
	}
}
