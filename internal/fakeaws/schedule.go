package fakeaws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedule says when something is to happen again: AWS's rate(), cron() and, for
// Scheduler, at(). Times are UTC or of the schedule's own zone.
type schedule struct {
	every time.Duration // rate(); zero: not one
	cron  *cronFields
	once  time.Time // at()
}

// parseSchedule reads an expression. zone is what cron() and at() are meant in.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func parseSchedule(text string, zone *time.Location) (schedule, error) {
	kind, rest, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return schedule{}, fmt.Errorf("schedule %q: want rate(…) or cron(…)", text)
	}
	switch kind {
	case "rate":
		every, err := parseRate(inner)
		return schedule{every: every}, err
	case "cron":
		fields, err := parseCron(inner, zone)
		return schedule{cron: fields}, err
	case "at":
		once, err := time.ParseInLocation("2006-01-02T15:04:05", inner, zone)
		return schedule{once: once.UTC()}, err
	}
	return schedule{}, fmt.Errorf("schedule %q: want rate(…) or cron(…)", text)
}

func parseRate(inner string) (time.Duration, error) {
	words := strings.Fields(inner)
	if len(words) != 2 {
		return 0, fmt.Errorf("rate(%s): want a number and a unit", inner)
	}
	n, err := strconv.Atoi(words[0])
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(words[1], "s")]
	if err != nil || n < 1 || unit == 0 {
		return 0, fmt.Errorf("rate(%s): want a number and minutes, hours or days", inner)
	}
	return time.Duration(n) * unit, nil
}

// next is the first time after one; zero: never again. A rate counts from there.
func (s schedule) next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return after.Add(s.every)
	case s.cron != nil:
		return s.cron.next(after)
	case s.once.After(after):
		return s.once
	}
	return time.Time{}
}

// cronFields are the six fields of AWS's cron(): minutes, hours, day of the month,
// month, day of the week (1 is Sunday), year.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
type cronFields struct {
	zone                                     *time.Location
	minutes, hours, days, months, weekdays   []int // nil: any
	lastDay                                  bool  // L of the month
	nearWeekday, lastWeekday, nth, nthOfWeek int   // 15W, 6L, 3#2 as 3 and 2; zero: not said
	years                                    []int
}

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

func parseCron(inner string, zone *time.Location) (*cronFields, error) {
	words := strings.Fields(strings.ToUpper(inner))
	if len(words) != 6 {
		return nil, fmt.Errorf("cron(%s): want six fields", inner)
	}
	named := words[2] == "*" && words[4] != "?" && words[4] != "*" // Secrets Manager takes every day beside a named one
	if (words[2] == "?") == (words[4] == "?") && !named {
		return nil, fmt.Errorf("cron(%s): one of the days must be ?", inner)
	}
	c := &cronFields{zone: zone}
	if err := c.special(words); err != nil {
		return nil, err
	}
	fields := []struct {
		into        *[]int
		first, last int
		names       []string
	}{{&c.minutes, 0, 59, nil}, {&c.hours, 0, 23, nil}, {&c.days, 1, 31, nil}, {&c.months, 1, 12, monthNames}, {&c.weekdays, 1, 7, weekdayNames}, {&c.years, 1970, 2199, nil}}
	for i, f := range fields {
		var err error
		if *f.into, err = cronList(words[i], f.first, f.last, f.names); err != nil {
			return nil, fmt.Errorf("cron(%s): %w", inner, err)
		}
	}
	return c, nil
}

// special takes L, W and # out of the days.
func (c *cronFields) special(words []string) error {
	var err error
	number := func(text string) int {
		n, failed := cronNumber(text, weekdayNames)
		if failed != nil {
			err = failed
		}
		return n
	}
	switch day := words[2]; {
	case day == "L":
		c.lastDay, words[2] = true, "*"
	case strings.HasSuffix(day, "W"):
		c.nearWeekday, words[2] = number(strings.TrimSuffix(day, "W")), "*"
	}
	switch day := words[4]; {
	case day == "L":
		words[4] = "7"
	case strings.HasSuffix(day, "L"):
		c.lastWeekday, words[4] = number(strings.TrimSuffix(day, "L")), "*"
	case strings.Contains(day, "#"):
		which, nth, _ := strings.Cut(day, "#")
		c.nth, c.nthOfWeek, words[4] = number(which), number(nth), "*"
	}
	return err
}

func cronNumber(text string, names []string) (int, error) {
	if i := slices.Index(names, text); i >= 0 {
		return i + 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}

// cronList reads 1,3-5,10/2; nil is any.
func cronList(text string, first, last int, names []string) ([]int, error) {
	if text == "*" || text == "?" {
		return nil, nil
	}
	var all []int
	for _, part := range strings.Split(text, ",") {
		from, to, step, err := cronRange(part, first, last, names)
		if err != nil {
			return nil, err
		}
		if from < first || to > last || from > to || step < 1 {
			return nil, fmt.Errorf("%q is not within %d and %d", part, first, last)
		}
		for n := from; n <= to; n += step {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

func cronRange(part string, first, last int, names []string) (from, to, step int, err error) {
	span, every, stepped := strings.Cut(part, "/")
	from, to, step = first, last, 1
	if stepped {
		if step, err = cronNumber(every, nil); err != nil {
			return 0, 0, 0, err
		}
	}
	if span == "*" {
		return from, to, step, nil
	}
	low, high, ranged := strings.Cut(span, "-")
	if from, err = cronNumber(low, names); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case ranged:
		to, err = cronNumber(high, names)
	case !stepped:
		to = from
	}
	return from, to, step, err
}

// next is the first minute after a time that fits; zero where none comes within
// eight years, the longest that a 29 February takes.
func (c *cronFields) next(after time.Time) time.Time {
	t := after.In(c.zone)
	for day := range 8 * 366 {
		date := time.Date(t.Year(), t.Month(), t.Day()+day, 0, 0, 0, 0, c.zone)
		if !c.fitsDay(date) {
			continue
		}
		for _, at := range c.timesOf(date) {
			if at.After(after) {
				return at.UTC()
			}
		}
	}
	return time.Time{}
}

func (c *cronFields) timesOf(date time.Time) []time.Time {
	var times []time.Time
	for hour := range 24 {
		for minute := range 60 {
			if fits(c.hours, hour) && fits(c.minutes, minute) {
				times = append(times, time.Date(date.Year(), date.Month(), date.Day(), hour, minute, 0, 0, c.zone))
			}
		}
	}
	return times
}

func fits(list []int, n int) bool { return list == nil || slices.Contains(list, n) }

func (c *cronFields) fitsDay(date time.Time) bool {
	weekday, last := int(date.Weekday())+1, date.AddDate(0, 1, -date.Day()).Day()
	switch {
	case !fits(c.years, date.Year()), !fits(c.months, int(date.Month())), !fits(c.days, date.Day()), !fits(c.weekdays, weekday):
		return false
	case c.lastDay && date.Day() != last,
		c.lastWeekday > 0 && (weekday != c.lastWeekday || date.Day()+7 <= last),
		c.nth > 0 && (weekday != c.nth || (date.Day()+6)/7 != c.nthOfWeek),
		c.nearWeekday > 0 && date.Day() != nearestWeekday(date, c.nearWeekday, last):
		return false
	}
	return true
}

// nearestWeekday is the working day of the month that is nearest to one of its days.
func nearestWeekday(date time.Time, day, last int) int {
	day = min(day, last)
	switch date.AddDate(0, 0, day-date.Day()).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == last {
			return day - 2
		}
		return day + 1
	}
	return day
}
