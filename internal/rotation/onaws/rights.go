package onaws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// rotating is what a rotation must be allowed to do, and by whom it is done.
// Reactivating is UpdateAccessKey too.
var rotating = []struct {
	action string
	duty   awsapi.Duty
}{
	{"iam:CreateAccessKey", awsapi.Create},
	{"iam:UpdateAccessKey", awsapi.Deactivate},
	{"iam:DeleteAccessKey", awsapi.Delete},
}

// MayRotate implements rotation.Rights. Asked is the one who would do each act:
// where that is another role, it is assumed here, for a role that can't be is no
// right. What can't be proved is an error too: a key that may be made and not be
// deleted is worse than none. The root user is taken at its word, since AWS
// simulates none: only a service control policy can deny it anything, which
// shows at the first call.
func (a *Account) MayRotate(ctx context.Context, subject accesskey.Subject) error {
	id, err := a.own(ctx, subject)
	if err != nil {
		return fmt.Errorf("check our rights: %s", failed(err))
	}
	if strings.HasSuffix(id.ARN, ":root") {
		return nil
	}
	all, err := a.actors(ctx)
	if err != nil {
		return err
	}
	user, err := a.session.User(ctx, subject.User)
	if err != nil {
		return fmt.Errorf("check our rights: %s", failed(err))
	}
	var errs []error
	for _, who := range all {
		errs = append(errs, a.mayDo(ctx, who, user))
	}
	return errors.Join(errs...)
}

// actors is who does which of a rotation's actions: principals as AWS simulates
// them.
func (a *Account) actors(ctx context.Context) ([]actor, error) {
	var all []actor
	var errs []error
	for _, r := range rotating {
		principal, err := a.principalFor(ctx, r.duty)
		if err != nil {
			errs = append(errs, fmt.Errorf("check our right to %s: %w", r.action, err))
			continue
		}
		i := slices.IndexFunc(all, func(one actor) bool { return one.principal == principal })
		if i < 0 {
			i, all = len(all), append(all, actor{principal: principal})
		}
		all[i].actions = append(all[i].actions, r.action)
	}
	return all, errors.Join(errs...)
}

// actor is a principal as AWS simulates it, and what it does.
type actor struct {
	principal string
	actions   []string
}

func (a *Account) principalFor(ctx context.Context, d awsapi.Duty) (string, error) {
	s, err := a.by(ctx, d)
	if err != nil {
		return "", errors.New(failed(err))
	}
	id, err := s.Identity(ctx)
	if err != nil {
		return "", errors.New(failed(err))
	}
	return a.principal(ctx, id)
}

// mayDo has AWS simulate actions of one principal on a user.
func (a *Account) mayDo(ctx context.Context, who actor, user awsapi.User) error {
	results, err := a.session.Simulate(ctx, who.principal, who.actions, user.ARN, resourceTags(user.Tags))
	if err != nil {
		return fmt.Errorf("nothing can be said beforehand about what %s may do to %s, and a key that could be made but not deleted would be left over: %s",
			who.principal, user.ARN, failed(err))
	}
	return verdict(who, user.ARN, results)
}

// May proves that whoever asks may do all of this to a resource, as far as AWS's
// simulation tells. The root user is taken at its word.
func (a *Account) May(ctx context.Context, resource string, actions ...string) error {
	id, err := a.session.Identity(ctx)
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
	results, err := a.session.Simulate(ctx, principal, actions, resource, nil)
	if err != nil {
		return fmt.Errorf("what %s may do to %s can't be told beforehand: %s", principal, resource, failed(err))
	}
	return verdict(actor{principal: principal, actions: actions}, resource, results)
}

// resourceTags are the user's tags as policies ask for them.
func resourceTags(tags map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range tags {
		out["aws:ResourceTag/"+key], out["iam:ResourceTag/"+key] = value, value
	}
	return out
}

func verdict(who actor, user string, results []awsapi.Simulated) error {
	answered := map[string]bool{}
	var denials []error
	for _, r := range results {
		answered[r.Action] = true
		if !r.Allowed {
			denials = append(denials, fmt.Errorf("%s may not %s on %s: %s", who.principal, r.Action, user, because(r)))
		}
	}
	for _, action := range who.actions {
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
