package rotationlambda

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Problems are why it can't be: each says what to do.
func (a Adoption) Problems() []error {
	var errs []error
	problem := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	d := a.Secret
	tagged := d.Tags[UserTag]
	problem(!d.Deleted.IsZero(), "the secret is marked for deletion: restore it first")
	problem(d.OwningService != "", "the secret is managed by %s: make another for the key", d.OwningService)
	problem(d.RotationEnabled && d.RotationLambda != a.Function, "the secret is rotated by %s: switch that off first (aws secretsmanager cancel-rotate-secret --secret-id %s)", d.RotationLambda, d.ARN)
	problem(tagged != "" && tagged != a.User.Name, "the secret's tag %s says that it holds the key of %s: remove the tag, or name that user", UserTag, tagged)
	problem(a.Held == "", "the secret holds no key: put the user's key there, or have `keytend secret create` make one")
	problem(a.Fails != nil, "%w", a.Fails)
	errs = append(errs, a.userProblems()...)
	errs = append(errs, a.keyProblems()...)
	return append(errs, a.timeProblems()...)
}

func (a Adoption) userProblems() []error {
	marks, _ := a.User.Tags.Get()
	var errs []error
	if other := marks[policy.SecretTag]; other != "" && other != a.Secret.ARN {
		errs = append(errs, fmt.Errorf("user %s is rotated through secret %s already (the user's tag %s): one secret a user; deliver to this one with the other's tag %s. If that secret is gone for good, take the user's tag off: aws iam untag-user --user-name %s --tag-keys %s",
			a.User.Name, other, policy.SecretTag, DeliverTag, a.User.Name, policy.SecretTag))
	}
	if claim := marks[rotation.ClaimTag]; claim != "" && marks[policy.SecretTag] != a.Secret.ARN {
		errs = append(errs, fmt.Errorf("user %s is being worked on by another keytend (the user's tag %s is %q): let that end first", a.User.Name, rotation.ClaimTag, claim))
	}
	return errs
}

// keyProblems: the key works, and there is room for another or will be.
func (a Adoption) keyProblems() []error {
	var errs []error
	all, _ := a.User.Keys.Get()
	for _, k := range all {
		id, _ := k.ID.Get()
		status, _ := k.Status.Get()
		switch {
		case a.ofRotation(id): // the function sees to it
		case id == a.Held && status != accesskey.Active:
			errs = append(errs, fmt.Errorf("key %s, which the secret holds, is %s: switch it on, or put another of the user's keys there", id, status))
		case id != a.Held && status == accesskey.Active && len(all) > 1:
			errs = append(errs, fmt.Errorf("user %s has another Active key, %s, and no more than two can be: find out who uses it, move them to the secret, and end it with `%s`", a.User.Name, id, a.ends(id)))
		}
	}
	return errs
}

// ends is the command that ends another key: `keytend retire` leaves the users of functions
// alone.
func (a Adoption) ends(id accesskey.ID) string {
	if marks, _ := a.User.Tags.Get(); marks[policy.SecretTag] != "" {
		return "aws iam update-access-key --user-name " + a.User.Name + " --access-key-id " + string(id) + " --status Inactive"
	}
	return "keytend retire " + string(id)
}

// timeProblems: a rotation must have ended before the next begins.
func (a Adoption) timeProblems() []error {
	if a.Terms.OverlapMax == 0 || a.Every == 0 {
		return nil
	}
	lasts := a.lasts()
	if a.Every >= lasts {
		return nil
	}
	return []error{fmt.Errorf("every %s is too often: a rotation takes up to overlap_max %s + rest %s + a day = %s, and until then the user has two keys and no room for a third",
		days(a.Every), days(a.Terms.OverlapMax), days(a.Terms.Rest), days(lasts))}
}

// lasts is how long a rotation may take from its first step to its last.
func (a Adoption) lasts() time.Duration { return a.Terms.OverlapMax + a.Terms.Rest + 24*time.Hour }

// Warnings are what a person should know before.
func (a Adoption) Warnings() []string {
	var out []string
	if off := a.Every + a.Terms.OverlapMax + 24*time.Hour; a.MaxAge > 0 && off > a.MaxAge {
		out = append(out, fmt.Sprintf("a key gets older than %s: it is replaced after %s, and switched off up to overlap_max %s + a day later = %s. Every %s would do",
			days(a.MaxAge), days(a.Every), days(a.Terms.OverlapMax), days(off), days(max(a.MaxAge-a.Terms.OverlapMax-24*time.Hour, 24*time.Hour))))
	}
	all, _ := a.User.Keys.Get()
	for _, k := range all {
		if id, _ := k.ID.Get(); id != a.Held && !a.ofRotation(id) {
			out = append(out, fmt.Sprintf("the user's other key, %s, is deleted to make room once it has rested Inactive for %s", id, days(a.Terms.Rest)))
		}
	}
	return out
}

// days spells whole days as such.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// Schedule spells a time between two rotations as AWS wants it: whole days up to
// 999, or hours from 4 on.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
func Schedule(every time.Duration) (string, error) {
	const day = 24 * time.Hour
	switch {
	case every >= day && every%day == 0 && every <= 999*day:
		return rate(int(every/day), "day"), nil
	case every >= 4*time.Hour && every%time.Hour == 0 && every <= 999*time.Hour:
		return rate(int(every/time.Hour), "hour"), nil
	}
	return "", fmt.Errorf("every %s: Secrets Manager rotates every 4 to 999 hours or every 1 to 999 days", every)
}

func rate(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("rate(%d %s)", n, unit)
}
