package fakeaws

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// rotationRules are RotationRules as they were given.
type rotationRules struct {
	AutomaticallyAfterDays int    `json:",omitempty"`
	Duration               string `json:",omitempty"`
	ScheduleExpression     string `json:",omitempty"`
}

const day = 24 * time.Hour

// check holds the rules to what AWS documents.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
func (r rotationRules) check() *apiError {
	bad := func(format string, args ...any) *apiError {
		return refusal("InvalidParameterException", format, args...)
	}
	hours, err := strconv.Atoi(strings.TrimSuffix(cmp.Or(r.Duration, "1h"), "h"))
	switch {
	case r.AutomaticallyAfterDays != 0 && r.ScheduleExpression != "":
		return bad("You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.")
	case r.AutomaticallyAfterDays < 0 || r.AutomaticallyAfterDays > 1000:
		return errValidation("1 validation error detected: Value '%d' at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint: "+
			"Member must have value between 1 and 1000", r.AutomaticallyAfterDays)
	case err != nil || hours < 1 || hours > 24 || r.Duration != "" && !strings.HasSuffix(r.Duration, "h"):
		return bad("The duration %s is not valid: it is a number of hours, such as 3h.", r.Duration)
	case r.ScheduleExpression == "":
		return nil
	}
	s, err := parseSchedule(r.ScheduleExpression, time.UTC)
	switch {
	case err != nil || !s.once.IsZero():
		return bad("The schedule expression %s is not valid.", r.ScheduleExpression)
	case s.every > 0 && (s.every < 4*time.Hour || s.every > 1000*day || s.every%time.Hour != 0):
		return bad("The rate expression %s is not valid: a secret rotates every 4 hours to 1000 days.", r.ScheduleExpression)
	case s.cron != nil && !strings.HasPrefix(r.ScheduleExpression, "cron(0 "):
		return bad("The cron expression %s is not valid: rotation windows open on the hour.", r.ScheduleExpression)
	case s.cron != nil && s.cron.years != nil:
		return bad("The cron expression %s is not valid: the year must be *.", r.ScheduleExpression)
	}
	return nil
}

// window is when the secret is rotated next after a time: any time from opens to
// before closes. base is when it was last rotated, or given a value by hand. A
// rotation whose time has passed comes in the next window there can be.
func (r rotationRules) window(base, after time.Time) (opens, closes time.Time) {
	every := time.Duration(r.AutomaticallyAfterDays) * day
	if r.ScheduleExpression != "" {
		s, err := parseSchedule(r.ScheduleExpression, time.UTC)
		if err != nil {
			return time.Time{}, time.Time{} // it was checked: it can't be
		}
		if s.cron != nil {
			opens = s.cron.next(after)
			return opens, r.closing(opens, len(s.cron.hours) != 1)
		}
		every = s.every
	}
	grain := day
	if every%day != 0 {
		grain = time.Hour
	}
	if opens = base.Add(every).Truncate(grain); !opens.After(after) {
		opens = after.Truncate(grain).Add(grain)
	}
	return opens, r.closing(opens, grain < day)
}

// closing is when a window closes: after its Duration, else after an hour in a
// schedule of hours, else with the day.
func (r rotationRules) closing(opens time.Time, hourly bool) time.Time {
	switch hours, err := strconv.Atoi(strings.TrimSuffix(r.Duration, "h")); {
	case err == nil:
		return opens.Add(time.Duration(hours) * time.Hour)
	case hourly:
		return opens.Add(time.Hour)
	}
	return opens.Truncate(day).Add(day)
}

// shown are the rules as DescribeSecret has them: with the number of days that a
// schedule comes to.
func (r rotationRules) shown(now time.Time) *rotationRules {
	if r.ScheduleExpression != "" {
		first, _ := r.window(now, now)
		second, _ := r.window(first, first)
		r.AutomaticallyAfterDays = max(1, int((second.Sub(first)+day-1)/day))
	}
	return &r
}
