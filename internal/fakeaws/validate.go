package fakeaws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// constraint is what a parameter's value must satisfy, as the service's API
// model (service-2.json) says it.
type constraint struct {
	pattern  *regexp.Regexp
	shown    string // the pattern as AWS shows it
	spoken   string // what AWS says in place of showing the pattern
	shortest int
	longest  int
	least    int // of a number, together with most
	most     int
	enum     []string
}

func matching(pattern string, shortest, longest int) constraint {
	return constraint{pattern: regexp.MustCompile("^(?:" + pattern + ")$"), shown: pattern, shortest: shortest, longest: longest}
}

func oneOf(values ...string) constraint { return constraint{enum: values} }

func number(least, most int) constraint { return constraint{least: least, most: most} }

// misspelt is AWS's refusal of a value with characters that may not be in it.
func (c constraint) misspelt(name, value string) *apiError {
	if c.spoken == "" || c.pattern.MatchString(value) {
		return nil
	}
	return errValidation("The specified value for %s is invalid. %s", name, c.spoken)
}

// validate checks the parameters of a Query call in AWS's words: required ones,
// then every one whose constraint is known.
func (r *request) validate(act action) *apiError {
	if r.service.protocol != queryXML {
		return nil
	}
	var faults []string
	for _, name := range act.needs {
		if !r.given(name) {
			faults = append(faults, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", lowerFirst(name)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.service.constraints)) {
		c := r.service.constraints[name]
		if values, ok := r.form[name]; ok && len(values) > 0 {
			if err := c.misspelt(lowerFirst(name), values[0]); err != nil {
				return err
			}
			if fault := c.fault(lowerFirst(name), values[0]); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	noun := "errors"
	if len(faults) == 1 {
		noun = "error"
	}
	return errValidation("%d validation %s detected: %s", len(faults), noun, strings.Join(faults, "; "))
}

// given reports whether a parameter, or a list of that name, was sent.
func (r *request) given(name string) bool {
	if r.form.Has(name) || r.form.Has(name+".member.1") {
		return true
	}
	return r.form.Has(name + ".member.1.Key")
}

// fault is empty for a good value.
func (c constraint) fault(name, value string) string {
	shown := value
	if secretFields[name] {
		shown = "***"
	}
	what := fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: ", shown, name)
	length := utf8.RuneCountInString(value)
	switch {
	case c.most > 0:
		return c.numberFault(what, value)
	case c.enum != nil:
		return c.enumFault(what, value)
	case length < c.shortest:
		return what + fmt.Sprintf("Member must have length greater than or equal to %d", c.shortest)
	case c.longest > 0 && length > c.longest:
		return what + fmt.Sprintf("Member must have length less than or equal to %d", c.longest)
	case c.pattern != nil && !c.pattern.MatchString(value):
		return what + "Member must satisfy regular expression pattern: " + c.shown
	}
	return ""
}

func (c constraint) numberFault(what, value string) string {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return what + "Member must be an integer"
	case n < c.least:
		return what + fmt.Sprintf("Member must have value greater than or equal to %d", c.least)
	case n > c.most:
		return what + fmt.Sprintf("Member must have value less than or equal to %d", c.most)
	}
	return ""
}

func (c constraint) enumFault(what, value string) string {
	for _, allowed := range c.enum {
		if value == allowed {
			return ""
		}
	}
	return what + "Member must satisfy enum value set: [" + strings.Join(c.enum, ", ") + "]"
}

// list is a parameter of the form Name.member.1, Name.member.2, ….
func (r *request) list(name string) []string {
	var values []string
	for i := 1; ; i++ {
		value, ok := r.form[name+".member."+strconv.Itoa(i)]
		if !ok {
			return values
		}
		values = append(values, value[0])
	}
}

// tag is a Key and a Value, on the wire and in the state.
type tag struct {
	Key   string
	Value string `wire:"always"`
}

// tags is the parameter Tags: Tags.member.1.Key, Tags.member.1.Value, ….
func (r *request) tags() []tag {
	var tags []tag
	for i := 1; ; i++ {
		at := "Tags.member." + strconv.Itoa(i)
		if !r.form.Has(at + ".Key") {
			return tags
		}
		tags = append(tags, tag{r.form.Get(at + ".Key"), r.form.Get(at + ".Value")})
	}
}
