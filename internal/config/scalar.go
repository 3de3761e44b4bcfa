package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/keytend/keytend/internal/nearest"
	"github.com/keytend/keytend/internal/policy"
)

// scalar is a value that is written as one text. Set refuses what could be
// misunderstood; its error says what to write.
type scalar interface{ set(text string) error }

// word is a scalar that is one of a few words.
type word interface{ allowed() []string }

// Duration is a length of time: 90d, 36h, 2w.
type Duration time.Duration

// String writes it as it is read, in days where they are whole.
func (d Duration) String() string {
	switch span := time.Duration(d); {
	case span < 0:
		return span.String()
	case span > 0 && span%policy.Day == 0:
		return fmt.Sprintf("%dd", span/policy.Day)
	}
	return model.Duration(d).String()
}

var (
	bareNumber = regexp.MustCompile(`^[0-9]+$`)
	months     = regexp.MustCompile(`^([0-9]+) ?(mo|month|months|M)$`)
	spelled    = regexp.MustCompile(`^([0-9]+) *(s|sec|m|min|h|hour|d|day|w|week|y|year|D|H|W|Y)[a-z]*$`)
)

func (d *Duration) set(text string) error {
	parsed, err := model.ParseDuration(text)
	if err == nil && !bareNumber.MatchString(text) {
		*d = Duration(parsed)
		return nil
	}
	switch {
	case bareNumber.MatchString(text):
		return fmt.Errorf("%s of what? Write the unit: %sd for days, %sh for hours", text, text, text)
	case months.MatchString(text):
		return fmt.Errorf("%q: months differ in length; write days, such as 30d", text)
	case spelled.MatchString(text):
		parts := spelled.FindStringSubmatch(text)
		return fmt.Errorf("%q: write %s%s", text, parts[1], strings.ToLower(parts[2][:1]))
	case strings.HasPrefix(text, "-"):
		return fmt.Errorf("%q: want 0s or more", text)
	}
	return fmt.Errorf("%q: want a number and a unit, such as 90d, 36h, 2w or 1d12h", text)
}

// Mode binds what runs unattended.
type Mode policy.Mode

func (Mode) allowed() []string {
	return []string{string(policy.ObserveOnly), string(policy.Approve), string(policy.Enforce)}
}
func (m *Mode) set(text string) error { return oneOf(m, text) }

// NeverUsed says what is done about keys that were never used.
type NeverUsed string

func (NeverUsed) allowed() []string        { return []string{"report", "disable"} }
func (n *NeverUsed) set(text string) error { return oneOf(n, text) }

// Change is a kind of change that the gate is asked about.
type Change string

func (Change) allowed() []string        { return []string{"create", "deactivate", "delete"} }
func (c *Change) set(text string) error { return oneOf(c, text) }

// Wave is a part of the keys that the ramp works off.
type Wave string

// The waves.
const (
	WaveUnused       Wave = "unused"        // unused for longer than report_unused
	WaveLowPrivilege Wave = "low_privilege" // used, by users that are not admin-like
	WaveRest         Wave = "rest"          // all others, and those of which it is unknown
)

func (Wave) allowed() []string {
	return []string{string(WaveUnused), string(WaveLowPrivilege), string(WaveRest)}
}
func (w *Wave) set(text string) error { return oneOf(w, text) }

// oneOf takes a word that is allowed.
func oneOf[W interface {
	~string
	word
}](w *W, text string) error {
	if slices.Contains((*w).allowed(), text) {
		*w = W(text)
		return nil
	}
	return fmt.Errorf("%q: want %s%s", text, listed((*w).allowed()), meant(text, (*w).allowed()))
}

// listed is "a, b or c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// meant asks for the word that a misspelt one is nearest to.
func meant(text string, words []string) string {
	if near := nearest.Names(text, words); text != "" && len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return ""
}

// Weekday is a day of the week: mon, tue, wed, thu, fri, sat, sun.
type Weekday string

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

// Reference is a text that may hold a secret: env:NAME, file:PATH, or, where it
// holds none, the text itself.
type Reference string

var envForm = regexp.MustCompile(`^env:[A-Za-z_][A-Za-z0-9_]*$`)

func (r *Reference) set(text string) error {
	if strings.HasPrefix(text, "env:") && !envForm.MatchString(text) {
		return errors.New("env: want the name of an environment variable, such as env:KEYTEND_SLACK_URL")
	}
	if text == "file:" {
		return errors.New("file: want a path, such as file:/run/secrets/slack")
	}
	*r = Reference(text)
	return nil
}

// Indirect reports whether the text stands elsewhere.
func (r Reference) Indirect() bool {
	return strings.HasPrefix(string(r), "env:") || strings.HasPrefix(string(r), "file:")
}

// Resolve returns the text that is meant, without the white space around it.
// The result may be a secret. Paths are relative to folder through read.
func (r Reference) Resolve(lookup func(string) (string, bool), read func(string) ([]byte, error)) (string, error) {
	kind, rest, _ := strings.Cut(string(r), ":")
	switch {
	case !r.Indirect():
		return string(r), nil
	case kind == "env":
		value, _ := lookup(rest)
		if strings.TrimSpace(value) == "" {
			return "", fmt.Errorf("%s: the environment variable is not set", r)
		}
		return strings.TrimSpace(value), nil
	}
	data, err := read(rest)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r, err)
	}
	if strings.TrimSpace(string(data)) == "" {
		return "", fmt.Errorf("%s: the file is empty", r)
	}
	return strings.TrimSpace(string(data)), nil
}
