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
	if len(text) == 25 && text[19:] == "+00:00" {
		text = text[:19]
	} else if len(text) == 20 && text[19] == 'Z' {
		text = text[:19]
	} else {
		return time.Time{}, false
	}
	if text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	century, ok1 := twoDigits(text[0:2])
	years, ok2 := twoDigits(text[2:4])
	month, ok3 := twoDigits(text[5:7])
	day, ok4 := twoDigits(text[8:10])
	hour, ok5 := twoDigits(text[11:13])
	minute, ok6 := twoDigits(text[14:16])
	second, ok7 := twoDigits(text[17:19])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) {
		return time.Time{}, false
	}
	year := century*100 + years
	if year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day // 31 February becomes another day
}

func twoDigits(s string) (int, bool) {
	tens, ones := s[0]-'0', s[1]-'0'
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}
