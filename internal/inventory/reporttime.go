package inventory

import (
	"fmt"
	"time"
)

// requiredTime parses a date that must be there.
func requiredTime(text string) (time.Time, string) {
	t, problem := optionalTime(text)
	if problem == "" && t.IsZero() {
		return t, fmt.Sprintf("%.40q instead of a date", text)
	}
	return t, problem
}

// optionalTime parses a date in either of the report's spellings (…Z and
// …+00:00), or one of its words for none, which gives the zero time.
func optionalTime(text string) (time.Time, string) {
	if notSaid(text) {
		return time.Time{}, ""
	}
	if t, ok := plainUTC(text); ok {
		return t, ""
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1970 {
		return time.Time{}, fmt.Sprintf("%.40q is not a date", text)
	}
	return t.UTC(), ""
}

// plainUTC parses 2006-01-02T15:04:05Z and 2006-01-02T15:04:05+00:00 without
// the generality of time.Parse, which would take most of a large report's
// parsing time. Anything else is not ok.
func plainUTC(text string) (time.Time, bool) {
	if len(text) < 20 || text[19:] != "Z" && text[19:] != "+00:00" {
		return time.Time{}, false
	}
	if text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	century, years := twoDigits(text[0:2]), twoDigits(text[2:4])
	month, day := twoDigits(text[5:7]), twoDigits(text[8:10])
	hour, minute, second := twoDigits(text[11:13]), twoDigits(text[14:16]), twoDigits(text[17:19])
	if century < 0 || years < 0 || month < 1 || month > 12 || day < 1 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	year := century*100 + years
	if year < 1970 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day // 31 February becomes another day
}

// twoDigits returns the number that s begins with, or -1 where it isn't one.
func twoDigits(s string) int {
	tens, ones := s[0]-'0', s[1]-'0' // bytes: below '0' wraps to above 9
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}
