package onaws

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// rotating is what a rotation must be allowed to do. Reactivating is
// UpdateAccessKey too.
var rotating = []string{"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"}

// MayRotate implements rotation.Rights. What can't be proved is an error too: a
// key that may be made and not be deleted is worse than none. The root user is
// taken at its word, since AWS simulates none: only a service control policy
// can deny it anything, which shows at the first call.
func (a *Account) MayRotate(ctx context.Context, subject accesskey.Subject) error {
	id, err := a.own(ctx, subject)
	if err != nil {
		return fmt.Errorf("check our rights: %s", failed(err))
	}
	if strings.HasSuffix(id.ARN, ":root") {
		return nil
	}
	principal, err := a.principal(ctx, id)
	if err != nil {
		return fmt.Errorf("check our rights: %w", err)
	}
	user, err := a.session.User(ctx, subject.User)
	if err != nil {
		return fmt.Errorf("check our rights: %s", failed(err))
	}
	results, err := a.session.Simulate(ctx, principal, rotating, user.ARN, resourceTags(user.Tags))
	if err != nil {
		return fmt.Errorf("nothing can be said beforehand about what %s may do to %s, and a key that could be made but not deleted would be left over: %s",
			principal, user.ARN, failed(err))
	}
	return verdict(principal, user.ARN, results)
}

// resourceTags are the user's tags as policies ask for them.
func resourceTags(tags map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range tags {
		out["aws:ResourceTag/"+key], out["iam:ResourceTag/"+key] = value, value
	}
	return out
}

func verdict(principal, user string, results []awsapi.Simulated) error {
	answered := map[string]bool{}
	var denials []error
	for _, r := range results {
		answered[r.Action] = true
		if !r.Allowed {
			denials = append(denials, fmt.Errorf("%s may not %s on %s: %s", principal, r.Action, user, because(r)))
		}
	}
	for _, action := range rotating {
		if !answered[action] {
			denials = append(denials, fmt.Errorf("AWS's simulation says nothing about %s on %s", action, user))
		}
	}
	return errors.Join(denials...)
}

func because(r awsapi.Simulated) string {
	switch {
	case r.DeniedByOrganization:
		return "denied by an organization's service control policy, which no policy of the account can lift"
	case r.DeniedByBoundary:
		return "the permissions boundary does not allow it"
	case len(r.Policies) > 0:
		return "denied by policy " + strings.Join(r.Policies, ", ")
	case len(r.Unknown) > 0:
		return "no policy allows it as far as AWS's simulation can tell, which does not know " + strings.Join(r.Unknown, ", ")
	}
	return "no policy allows it"
}

// principal is whom AWS simulates: of a role's session the role itself, whose
// path only IAM knows.
func (a *Account) principal(ctx context.Context, id awsapi.Identity) (string, error) {
	service, rest, _ := strings.Cut(strings.TrimPrefix(id.ARN, "arn:"+id.Partition+":"), "::"+id.Account+":")
	kind, name, _ := strings.Cut(rest, "/")
	switch service + " " + kind {
	case "iam user":
		return id.ARN, nil
	case "sts assumed-role":
		role, _, _ := strings.Cut(name, "/")
		arn, err := a.session.RoleARN(ctx, role)
		if class := awsapi.ClassOf(err); class == awsapi.Denied || class == awsapi.DeniedByOrganization {
			return "arn:" + id.Partition + ":iam::" + id.Account + ":role/" + role, nil // right unless it has a path
		}
		if err != nil {
			return "", errors.New(failed(err))
		}
		return arn, nil
	}
	return "", fmt.Errorf("%s can't change access keys: sign in as a user or role", id.ARN)
}
