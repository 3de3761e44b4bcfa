// Package policy decides: which rules a user, a key or the root user breaks,
// how badly, which first, and how an account stands by AWS's six best
// practices. It is pure: the inventory, the rules and the time go in, sentences
// with numbers come out, the same for the same input.
//
// It never reads AWS, a file or a clock, never writes anything, and never takes
// a fact that could not be read for an answer: unknown is said as unknown and
// breaks no rule.
package policy

import (
	"errors"
	"fmt"
	"time"
)

// Day is 24 hours. AWS's controls count days so, not by the calendar.
const Day = 24 * time.Hour

// RootUser is the name that the credential report gives to an account's root
// user. Findings about it carry it as User. No IAM user can have it: "<" is not
// a legal character.
const RootUser = "<root_account>"

// Rules are the limits that keys are judged by.
type Rules struct {
	MaxAge      time.Duration // an Active key may be as old as this, not a second older
	Warn        time.Duration // how long before MaxAge a key is due soon; 0: never
	Unused      time.Duration // an Active key or a password may rest as long as this
	SetupWindow time.Duration // a key made within this of its user was made at setup
	OwnerTags   []string      // user tags that name an owner, first match wins, case-insensitive
}

// DefaultRules are the limits of CIS AWS Foundations (rotation 90 days, unused
// 45 days), a warning of 14 days, and the usual spellings of an owner's tag.
func DefaultRules() Rules {
	return Rules{
		MaxAge:      90 * Day,
		Warn:        14 * Day,
		Unused:      45 * Day,
		SetupWindow: 5 * time.Minute,
		OwnerTags: []string{
			"owner", "owner-email", "owneremail", "owned-by", "team", "contact",
			"maintainer", "responsible", "email", "created-by",
		},
	}
}

// Validate returns an error for limits that contradict themselves or each
// other, with the arithmetic.
func (r Rules) Validate() error {
	var errs []error
	if r.MaxAge <= 0 {
		errs = append(errs, fmt.Errorf("max-age %s: want more than 0", exactly(r.MaxAge)))
	}
	if r.Unused <= 0 {
		errs = append(errs, fmt.Errorf("unused %s: want more than 0", exactly(r.Unused)))
	}
	if r.Warn < 0 {
		errs = append(errs, fmt.Errorf("warn %s: want 0 or more", exactly(r.Warn)))
	}
	if r.SetupWindow < 0 {
		errs = append(errs, fmt.Errorf("setup window %s: want 0 or more", exactly(r.SetupWindow)))
	}
	if r.MaxAge > 0 && r.Warn >= r.MaxAge {
		errs = append(errs, fmt.Errorf("warn %s with max-age %s: max-age − warn = %s, so every key would be due soon from its first day; want warn shorter than max-age",
			exactly(r.Warn), exactly(r.MaxAge), exactly(r.MaxAge-r.Warn)))
	}
	return errors.Join(errs...)
}
