package config

import (
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// Window is a change window: from a time of day until another, on some days.
type Window struct {
	// Days are mon, tue, wed, thu, fri, sat, sun. None: every day.
	Days []Weekday `yaml:"days"`
	// From is a time of day, such as "09:00".
	From Clock `yaml:"from" jsonschema:"required"`
	// Until is a time of day, such as "16:00". Earlier than from: on the day after.
	Until Clock `yaml:"until" jsonschema:"required"`
	// TimeZone is an IANA name, such as Europe/Berlin. None: UTC.
	TimeZone Zone `yaml:"time_zone"`
}

func (w Window) weekly() policy.Weekly {
	out := policy.Weekly{From: time.Duration(w.From), Until: time.Duration(w.Until), Place: w.TimeZone.Location()}
	for _, day := range w.Days {
		out.Days = append(out.Days, day.Day())
	}
	return out
}

// Freeze is a stretch of time in which nothing is changed.
type Freeze struct {
	// From is the first day, or a moment.
	From Moment `yaml:"from" jsonschema:"required"`
	// Until is the last day, inclusive, or a moment.
	Until Moment `yaml:"until" jsonschema:"required"`
	// TimeZone is an IANA name, such as Europe/Berlin. None: UTC.
	TimeZone Zone `yaml:"time_zone"`
	// Reason is shown to whoever waits.
	Reason string `yaml:"reason"`
}

func (f Freeze) span() policy.Span {
	place := f.TimeZone.Location()
	return policy.Span{From: f.From.From(place), Until: f.Until.Until(place), By: "the policy file", Why: f.Reason}
}

// Standing are the freezes that hold for every key, unless an override has
// others.
func (p *Policy) Standing() []policy.Span {
	var all []policy.Span
	for _, f := range p.Freezes {
		all = append(all, f.span())
	}
	return all
}

func (d Duration) span() time.Duration { return time.Duration(d) }
