package fakeaws

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// iamService is IAM: global, with its one endpoint in us-east-1 (aws),
// us-gov-west-1 or cn-north-1. Any region of the credential scope is accepted,
// so that clients with an endpoint of their own work.
// https://docs.aws.amazon.com/IAM/latest/APIReference/
func iamService() service {
	s := service{
		name: "iam", source: "iam.amazonaws.com", version: "2010-05-08", global: true,
		namespace: "https://iam.amazonaws.com/doc/2010-05-08/", constraints: iamConstraints(),
		actions: map[string]action{},
	}
	tables := []map[string]action{
		userActions(), userTagActions(), loginActions(), keyActions(), reportActions(), accountActions(), groupActions(),
		identityPolicyActions(), policyActions(), policyVersionActions(), roleActions(), instanceProfileActions(), oidcActions(), credentialActions(), simulationActions(),
	}
	for _, table := range tables {
		for name, act := range table {
			act.reads = isRead(name)
			s.actions[name] = act
		}
	}
	return s
}

func iamConstraints() map[string]constraint {
	name := func(longest int) constraint {
		c := matching(`[\w+=,.@-]+`, 1, longest)
		c.spoken = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
		return c
	}
	path := matching(`(\x{002F})|(\x{002F}[\x{0021}-\x{007E}]+\x{002F})`, 1, 512)
	path.shown = `(\u002F)|(\u002F[\u0021-\u007F]+\u002F)`
	prefix := matching(`\x{002F}[\x{0021}-\x{007E}]*`, 1, 512)
	prefix.shown = `\u002F[\u0021-\u007F]*`
	document := constraint{shortest: 1, longest: 131072}
	arn := constraint{shortest: 20, longest: 2048}
	return map[string]constraint{
		"UserName": name(64), "NewUserName": name(64), "GroupName": name(128), "RoleName": name(64), "InstanceProfileName": name(128), "PolicyName": name(128),
		"Path": path, "NewPath": path, "PathPrefix": prefix,
		"AccessKeyId": matching(`[\w]+`, 16, 128), "Status": oneOf("Active", "Inactive"),
		"MaxItems": number(1, maxItems), "Marker": {shortest: 1},
		"PolicyArn": arn, "PermissionsBoundary": arn, "PolicySourceArn": arn, "CallerArn": {shortest: 1, longest: 2048},
		"PolicyDocument": document, "AssumeRolePolicyDocument": document, "ResourcePolicy": document,
		"VersionId": matching(`v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`, 0, 0), "Description": {longest: 1000},
		"MaxSessionDuration": number(3600, 43200), "Password": {shortest: 1, longest: 128},
		"AccountAlias": matching(`[a-z0-9](-?[a-z0-9])+`, 3, 63),
		"Scope":        oneOf("All", "AWS", "Local"), "PolicyUsageFilter": oneOf("PermissionsPolicy", "PermissionsBoundary"),
		"EntityFilter":                oneOf("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"),
		"ServiceSpecificCredentialId": matching(`[\w]+`, 20, 128), "CertificateId": matching(`[\w]+`, 24, 128),
	}
}

// The refusals of IAM.

func errNoEntity(message string) *apiError {
	return &apiError{Status: 404, Code: "NoSuchEntity", Message: message}
}

func errNoUser(name string) *apiError {
	return errNoEntity("The user with name " + name + " cannot be found.")
}

func errNoKey(id string) *apiError {
	return errNoEntity("The Access Key with id " + id + " cannot be found.")
}

func errExists(message string) *apiError {
	return &apiError{Status: 409, Code: "EntityAlreadyExists", Message: message}
}

func errDeleteConflict(message string) *apiError {
	return &apiError{Status: 409, Code: "DeleteConflict", Message: message}
}

func errLimit(message string) *apiError {
	return &apiError{Status: 409, Code: "LimitExceeded", Message: message}
}

func errInvalidInput(message string) *apiError {
	return &apiError{Status: 400, Code: "InvalidInput", Message: message}
}

// user finds the user that UserName names, or else the caller.
func (r *request) user() (*user, *apiError) {
	name := r.value("UserName")
	if name == "" {
		if u := r.caller.user; u != nil {
			return u, nil
		}
		return nil, errValidation("Must specify userName when calling with non-User credentials")
	}
	if u, ok := r.account.users.get(name); ok {
		return u, nil
	}
	return nil, errNoUser(name)
}

// onUser is the target of calls about the user that UserName names, or else the
// caller.
func onUser(r *request) target {
	if r.aboutRoot() {
		return target{arn: r.account.arn("iam", "root")}
	}
	u, err := r.user()
	if err != nil {
		name := r.value("UserName")
		return target{arn: r.account.arn("iam", "user/"+name), spoken: strings.TrimSpace("user " + name)}
	}
	return target{arn: r.account.userARN(u), spoken: "user " + u.name, tags: u.tags}
}

// onNew is the target of a call that makes something: where it will be.
func onNew(kind, nameParameter string) func(*request) target {
	return func(r *request) target {
		path := r.value("Path")
		if path == "" {
			path = "/"
		}
		return target{arn: r.account.arn("iam", kind+path+r.value(nameParameter))}
	}
}

// onAll is the target of a call that lists: everything below the prefix.
func onAll(kind string) func(*request) target {
	return func(r *request) target {
		prefix := r.value("PathPrefix")
		if prefix == "" {
			prefix = "/"
		}
		return target{arn: r.account.arn("iam", kind+prefix)}
	}
}

// boundaryShape is a permissions boundary on the wire.
type boundaryShape struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

func boundaryOf(arn string) *boundaryShape {
	if arn == "" {
		return nil
	}
	return &boundaryShape{"Policy", arn}
}

// tagList is a map of tags in the order of keys.
func tagList(tags map[string]string) []tag {
	list := make([]tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{key, tags[key]})
	}
	return list
}

// documentOnWire is a policy document as IAM answers it: RFC 3986.
func documentOnWire(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// orNever is nil for the zero time.
func orNever(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return second(t)
}
