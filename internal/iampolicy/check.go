package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Malformed is the message of IAM's MalformedPolicyDocument.
type Malformed string

func (m Malformed) Error() string { return string(m) }

// CheckIdentity reports what IAM objects to when doc is put as a managed,
// inline or session policy. The error is Malformed.
func CheckIdentity(doc string) error {
	d, err := parseInAWSWords(doc)
	if err != nil {
		return err
	}
	if d.Version != "2012-10-17" {
		return Malformed("Policy document must be version 2012-10-17 or greater.")
	}
	for _, s := range d.Statements {
		if len(s.Principals)+len(s.NotPrincipals) > 0 {
			return Malformed("Policy document should not specify a principal.")
		}
		if len(s.resources) == 0 {
			return Malformed("Policy statement must contain resources.")
		}
		for _, r := range slices.Concat(s.Resources, s.NotResources) {
			if err := checkResource(r); err != nil {
				return err
			}
		}
	}
	return checkSids(d)
}

// CheckTrust is CheckIdentity for a role's trust policy.
func CheckTrust(doc string) error {
	d, err := parseInAWSWords(doc)
	if err != nil {
		return err
	}
	for _, s := range d.Statements {
		switch {
		case len(s.resources) > 0:
			return Malformed("Has prohibited field Resource")
		case len(s.Principals)+len(s.NotPrincipals) == 0:
			return Malformed("Missing required field Principal")
		case len(s.NotActions) > 0 || slices.ContainsFunc(s.Actions, notSTS):
			return Malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		}
	}
	return checkSids(d)
}

func notSTS(action string) bool { return !strings.HasPrefix(strings.ToLower(action), "sts:") }

func checkSids(d Document) error {
	seen := map[string]bool{}
	for _, s := range d.Statements {
		if s.Sid != "" && seen[s.Sid] {
			return Malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[s.Sid] = true
	}
	return nil
}

func checkResource(r string) error {
	parts := strings.SplitN(r, ":", arnParts)
	switch {
	case r == "*":
		return nil
	case len(parts) == 1:
		return Malformed(fmt.Sprintf("Resource %s must be in ARN format or \"*\".", r))
	case parts[0] != "arn":
		return Malformed("The policy failed legacy parsing")
	case !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "*"}, parts[1]):
		return Malformed(fmt.Sprintf("Partition \"%s\" is not valid for resource \"%s\".", parts[1], r))
	case len(parts) == 2:
		return Malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	case parts[2] == "iam" && len(parts) > 3 && parts[3] != "" && parts[3] != "*":
		return Malformed(fmt.Sprintf("IAM resource %s cannot contain region information.", r))
	}
	return nil
}

func parseInAWSWords(doc string) (Document, error) {
	d, err := Parse(doc)
	var spoken *spokenError
	switch {
	case err == nil:
		return d, nil
	case errors.As(err, &spoken):
		return d, Malformed(spoken.aws)
	}
	return d, Malformed("Syntax errors in policy.")
}

// spokenError is a grammar error for which IAM has a message of its own.
type spokenError struct {
	aws string
	err error
}

func (e *spokenError) Error() string { return e.err.Error() }

func inAWSWords(aws, format string, args ...any) error {
	return &spokenError{aws: aws, err: fmt.Errorf(format, args...)}
}
