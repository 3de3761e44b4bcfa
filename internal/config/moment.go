package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Windows and small containers have no time zones of their own
)

// Weekday is a day of the week: mon, tue, wed, thu, fri, sat, sun.
type Weekday string

// weekdays are in the order of time.Weekday, with Sunday once more so that a week
// can begin on Monday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func (Weekday) allowed() []string { return weekdays[1:] }

func (w *Weekday) set(text string) error {
	if lower := strings.ToLower(text); len(lower) > 3 && slices.Contains(weekdays, lower[:3]) && strings.HasSuffix(lower, "day") {
		return fmt.Errorf("%q: write %s", text, lower[:3])
	}
	return oneOf(w, text)
}

// Day is the day as the standard library has it.
func (w Weekday) Day() time.Weekday { return time.Weekday(slices.Index(weekdays, string(w))) }

// Clock is a time of day, "09:00" to "24:00".
type Clock time.Duration

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-4]):([0-5][0-9])$`)

func (c *Clock) set(text string) error {
	parts := clockForm.FindStringSubmatch(text)
	if parts == nil || text > "24:00" {
		return fmt.Errorf(`%q: want a time of day from "00:00" to "24:00", such as "09:30"`, text)
	}
	at, err := time.ParseDuration(parts[1] + "h" + parts[2] + "m")
	*c = Clock(at)
	return err
}

// String writes it as it is read.
func (c Clock) String() string {
	d := time.Duration(c)
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// Moment is a day, or a moment of it.
type Moment struct {
	text  string
	day   bool      // no time of day was given
	clock time.Time // UTC; of a day: its midnight
	zoned bool      // it says its own zone
}

// momentForms are how moments may be written.
var momentForms = []struct {
	layout     string
	day, zoned bool
}{{time.DateOnly, true, false}, {"2006-01-02T15:04", false, false}, {time.RFC3339, false, true}}

func (m *Moment) set(text string) error {
	for _, form := range momentForms {
		if at, err := time.Parse(form.layout, text); err == nil {
			*m = Moment{text: text, day: form.day, clock: at, zoned: form.zoned}
			return nil
		} else if strings.Contains(err.Error(), "out of range") {
			return fmt.Errorf("%q: there is no such day or time", text)
		}
	}
	return fmt.Errorf("%q: want a day, such as 2027-03-31, or a moment, such as 2027-03-31T18:00Z", text)
}

// String is what was written.
func (m Moment) String() string { return m.text }

// From is when it begins, in a place: a day at midnight.
func (m Moment) From(place *time.Location) time.Time {
	if m.zoned {
		return m.clock.UTC()
	}
	c := m.clock
	return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), 0, 0, place).UTC()
}

// Until is when it ends: a day counts whole.
func (m Moment) Until(place *time.Location) time.Time {
	if !m.day {
		return m.From(place)
	}
	c := m.clock
	return time.Date(c.Year(), c.Month(), c.Day()+1, 0, 0, 0, 0, place).UTC()
}

// Zone is an IANA time zone: Europe/Berlin. None: UTC.
type Zone struct{ place *time.Location }

// Location is the zone; never nil.
func (z Zone) Location() *time.Location {
	if z.place == nil {
		return time.UTC
	}
	return z.place
}

// String is the zone's name.
func (z Zone) String() string { return z.Location().String() }

func (z *Zone) set(text string) error {
	place, err := zone(text)
	if err == nil {
		z.place = place
		return nil
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '_' })
	for _, area := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/"} {
		if place, wrong := zone(area + capitals(words)); wrong == nil {
			return fmt.Errorf("unknown time zone %q; did you mean %s?", text, place)
		}
	}
	return fmt.Errorf("unknown time zone %q: want an IANA name, such as Europe/Berlin, America/New_York or UTC", text)
}

// zone refuses "Local", which is another one on every machine.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("no zone of its own")
	}
	return time.LoadLocation(name)
}

// capitals writes each word, and what follows a slash, with a capital.
func capitals(words []string) string {
	var out []byte
	for _, c := range []byte(strings.ToLower(strings.Join(words, "_"))) {
		if n := len(out); 'a' <= c && c <= 'z' && (n == 0 || out[n-1] == '/' || out[n-1] == '_') {
			c -= 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}
