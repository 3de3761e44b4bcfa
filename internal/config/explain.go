package config

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/policy"
)

// Effective is one setting that is in force, and where it comes from.
type Effective struct {
	Field string `json:"field"` // rules.max_age
	Value string `json:"value"` // 30d
	Where string `json:"where"` // keytend.yaml:12, or default
}

// byDefault is where a setting comes from that nobody wrote.
const byDefault = "default"

// Written are the settings without any override.
func (p *Policy) Written() []Effective {
	c := p.combine(make([]byte, len(p.Overrides)))
	return c.effective()
}

// Explain are the settings in force for one key, now being AWS's time, and what
// follows from them. The error is Ruling's.
func (p *Policy) Explain(account accesskey.Account, user accesskey.User, key accesskey.Key, now time.Time) ([]Effective, error) {
	s := &match.Subject{Account: &account, User: &user, Key: &key, Now: now}
	c, err := p.held(s)
	if err != nil {
		return nil, err
	}
	r, err := p.rule(s)
	if err != nil {
		return nil, err
	}
	_, from := c.deliver(s)
	return append(c.effective(), p.following(r, cmp.Or(from, c.from("destinations")))...), nil
}

// effective lists the settings with their places.
func (c *combined) effective() []Effective {
	var out []Effective
	listSettings(reflect.ValueOf(c.Settings), "", func(path string, v reflect.Value) {
		out = append(out, Effective{path, shown(v), c.from(path)})
	})
	return out
}

// from is where a field was written.
func (c *combined) from(path string) string {
	if place, written := c.where[path]; written {
		return place.line()
	}
	return byDefault
}

// listSettings goes through the fields in the order of the struct.
func listSettings(v reflect.Value, path string, each func(string, reflect.Value)) {
	for i := range v.NumField() {
		field, name := v.Field(i), join(path, v.Type().Field(i).Tag.Get("yaml"))
		if field.Kind() == reflect.Struct {
			listSettings(field, name, each)
		} else {
			each(name, field)
		}
	}
}

// shown is a value as people write it.
func shown(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	var parts []string
	for i := range v.Len() {
		parts = append(parts, fmt.Sprint(v.Index(i).Interface()))
	}
	return strings.Join(parts, "; ")
}

// following is what the ruling says beside the settings.
func (p *Policy) following(r policy.Ruling, destinations string) []Effective {
	owner := Effective{"owner", r.Owner, r.OwnerFrom}
	if r.Owner == "" {
		owner = Effective{"owner", "nobody is known", "no tag, path, file or fallback names one"}
	}
	out := []Effective{owner, {"deliver to", strings.Join(r.Deliver, "; "), destinations}}
	if len(r.Deliver) == 0 {
		out[1] = Effective{"deliver to", "nowhere", "it can't be replaced by machine"}
	}
	for _, b := range r.Budgets {
		out = append(out, Effective{"budget", fmt.Sprintf("%s: %d", b.Budget, b.Limit), p.line("budgets")})
	}
	if r.Exempt != nil {
		out = append(out, Effective{"exempt", r.Exempt.Reason + " (" + r.Exempt.Approver + "), until " + r.Exempt.Until.Format(time.RFC3339), r.Exempt.Where})
	}
	if r.LeftOut != "" {
		list := "except"
		if r.LeftOut == notNamed {
			list = "admins"
		}
		out = append(out, Effective{"left out", r.LeftOut, p.line(list)})
	}
	return out
}

func (p *Policy) line(path string) string {
	if place, written := p.where[path]; written {
		return place.line()
	}
	return byDefault
}

// String is "mon, tue 09:00-16:00 Europe/Berlin".
func (w Window) String() string {
	days := "every day"
	if len(w.Days) > 0 {
		var names []string
		for _, d := range w.Days {
			names = append(names, string(d))
		}
		days = strings.Join(names, ", ")
	}
	after := ""
	if w.Until < w.From {
		after = " (of the day after)"
	}
	return fmt.Sprintf("%s %s-%s%s %s", days, w.From, w.Until, after, w.TimeZone)
}

// String is "2026-12-20 to 2027-01-03 Europe/Berlin (year end)".
func (f Freeze) String() string {
	text := fmt.Sprintf("%s to %s %s", f.From, f.Until, f.TimeZone)
	if f.Reason != "" {
		text += " (" + f.Reason + ")"
	}
	return text
}
