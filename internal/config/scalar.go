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
	case tooLong(text):
		return fmt.Errorf("%q: more than 290 years; want less", text)
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

// tooLong: what is written makes sense, but no Duration holds it.
func tooLong(text string) bool {
	parts := spelled.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	text = parts[1] + strings.ToLower(parts[2][:1])
	_, err := model.ParseDuration(text)
	return err != nil && (len(text) > 18 || strings.Contains(err.Error(), "out of range"))
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
