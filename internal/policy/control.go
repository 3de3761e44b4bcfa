package policy

import (
	"slices"
	"time"
)

// Control is one number of one framework that a rule stands for.
type Control struct {
	Framework string // "CIS AWS 5.0", "Security Hub", "AWS Config"
	ID        string // "1.13", "IAM.3", "ACCESS_KEYS_ROTATED"
}

// controlRow is one control of one rule.
type controlRow struct {
	Control
	// limit is the framework's own, at its default: the control is broken by
	// an age or rest of more than this. Where our limit is shorter, a finding
	// between the two breaks our rule and not the control, and must not claim
	// to. Zero: broken whenever the rule is.
	limit time.Duration
}

// controls holds the numbers, by rule, shortest limit first. A rule that is
// absent has no number that could be sourced.
//
// Sources:
//   - CIS AWS Foundations Benchmark 1.4, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0 and 7.0:
//     "Ensure no 'root' user account access key exists", "Ensure credentials
//     unused for 45 days or more are disabled" (its audit judges passwords and
//     never-used keys too), "Ensure there is only one active access key for any
//     single IAM user" (gone in 7.0), "Ensure access keys are rotated every 90
//     days or less", "Do not create access keys during initial setup for IAM
//     users with a console password" (gone in 7.0).
//   - Security Hub IAM.3, IAM.4, IAM.8 (90 days), IAM.22 (45 days):
//     https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html
//   - AWS Config managed rules, by source identifier, at their default
//     parameters (maxAccessKeyAge 90, maxCredentialUsageAge 90):
//     https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
var controls = map[Rule][]controlRow{
	RootAccessKey: {
		{Control{"CIS AWS 1.4-4.0", "1.4"}, 0},
		{Control{"CIS AWS 5.0", "1.3"}, 0},
		{Control{"CIS AWS 6.0", "2.3"}, 0},
		{Control{"CIS AWS 7.0", "2.4"}, 0},
		{Control{"Security Hub", "IAM.4"}, 0},
		{Control{"AWS Config", "IAM_ROOT_ACCESS_KEY_CHECK"}, 0},
	},
	KeyTooOld: rotation(90 * Day),
	// A key due soon breaks none of these yet: they are the ones it will break.
	KeyDueSoon:     rotation(0),
	KeyUnused:      unusedControls,
	KeyNeverUsed:   unusedControls,
	PasswordUnused: unusedControls,
	MultipleActiveKeys: {
		{Control{"CIS AWS 1.4-4.0", "1.13"}, 0},
		{Control{"CIS AWS 5.0", "1.12"}, 0},
		{Control{"CIS AWS 6.0", "2.12"}, 0},
	},
	ConsoleKeyAtSetup: {
		{Control{"CIS AWS 1.4-4.0", "1.11"}, 0},
		{Control{"CIS AWS 5.0", "1.10"}, 0},
		{Control{"CIS AWS 6.0", "2.10"}, 0},
	},
}

func rotation(limit time.Duration) []controlRow {
	return []controlRow{
		{Control{"CIS AWS 1.4-4.0", "1.14"}, limit},
		{Control{"CIS AWS 5.0", "1.13"}, limit},
		{Control{"CIS AWS 6.0", "2.13"}, limit},
		{Control{"CIS AWS 7.0", "2.12"}, limit},
		{Control{"Security Hub", "IAM.3"}, limit},
		{Control{"AWS Config", "ACCESS_KEYS_ROTATED"}, limit},
	}
}

var unusedControls = []controlRow{
	{Control{"CIS AWS 1.4-4.0", "1.12"}, 45 * Day},
	{Control{"CIS AWS 5.0", "1.11"}, 45 * Day},
	{Control{"CIS AWS 6.0", "2.11"}, 45 * Day},
	{Control{"CIS AWS 7.0", "2.11"}, 45 * Day},
	{Control{"Security Hub", "IAM.22"}, 45 * Day},
	{Control{"Security Hub", "IAM.8"}, 90 * Day},
	{Control{"AWS Config", "IAM_USER_UNUSED_CREDENTIALS_CHECK"}, 90 * Day},
}

// controlSets holds the same without the limits, so that findings can share
// one slice.
var controlSets = func() map[Rule][]Control {
	sets := make(map[Rule][]Control, len(controls))
	for rule, rows := range controls {
		for _, row := range rows {
			sets[rule] = append(sets[rule], row.Control)
		}
	}
	return sets
}()

// Controls returns the controls that a rule stands for, those included whose
// own limit is longer than ours; nil where no number could be sourced. The
// slice is shared: don't change it.
func (r Rule) Controls() []Control { return slices.Clip(controlSets[r]) }

// controlsBroken returns the controls of a rule that an age or rest of d
// breaks. The rows are in order of their limits, so they are the first few.
func controlsBroken(r Rule, d time.Duration) []Control {
	rows := controls[r]
	n := 0
	for n < len(rows) && (rows[n].limit == 0 || d > rows[n].limit) {
		n++
	}
	return controlSets[r][:n:n]
}
