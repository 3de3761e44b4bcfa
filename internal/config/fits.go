package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

// together refuses limits and times that can't all be met. Each problem stands
// where one of the fields in it was written.
func (v *validator) together(s Settings, where places, otherwise Place) {
	err := s.fits()
	if err == nil {
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		v.wrong(blamed(line, where, otherwise), "%s", line)
	}
}

var fieldName = regexp.MustCompile(`[a-z]+(_[a-z]+)*`)

// blamed is the place of the first field that a sentence names and somebody
// wrote.
func blamed(sentence string, where places, otherwise Place) Place {
	for _, name := range fieldName.FindAllString(sentence, -1) {
		for _, section := range []string{"rules.", "times."} {
			if at, found := where[section+name]; found {
				return at
			}
		}
	}
	return otherwise
}

// fits returns the arithmetic of what can't be met.
func (s Settings) fits() error {
	age := time.Duration(0)
	if s.Rules.Rotate {
		age = s.Rules.MaxAge.span()
	}
	err := errors.Join(s.ruling().Rules.Validate(), policy.Feasible(s.terms(), age, s.Times.Margin.span()))
	if err != nil {
		err = errors.New(inFileWords.Replace(err.Error()))
	}
	return errors.Join(err, s.spreadFits(), s.unusedFits(), s.deleteFits())
}

// inFileWords turns the names of flags into those of fields.
var inFileWords = strings.NewReplacer("max-age", "max_age", "overlap-max", "overlap_max", "lag-margin", "lag_margin", "unused ", "report_unused ")

// spreadFits: the user with the longest spread must not begin before its key is
// made.
func (s Settings) spreadFits() error {
	age, spread := s.Rules.MaxAge.span(), s.Times.Spread.span()
	made := time.Time{}
	latest, _ := policy.StartTimes(made.Add(age), s.terms(), s.Times.Margin.span(), 0, "")
	if needs := age - latest.Sub(made); s.Rules.Rotate && needs < age && needs+spread >= age {
		return fmt.Errorf("spread %s: a rotation takes up to %s, and max_age %s leaves %s; want spread shorter than that",
			s.Times.Spread, Duration(needs), s.Rules.MaxAge, Duration(age-needs))
	}
	return nil
}

// unusedFits: people hear of an unused key before it is switched off.
func (s Settings) unusedFits() error {
	disable, report, notice := s.Rules.DisableUnused, s.Rules.ReportUnused, s.Times.Notice
	switch {
	case disable == 0:
		return nil
	case disable < report:
		return fmt.Errorf("disable_unused %s with report_unused %s: a key would be switched off %s before it is reported; want disable_unused of %s or more",
			disable, report, report-disable, report)
	case disable < notice:
		return fmt.Errorf("disable_unused %s with notice %s: the notice would begin %s before the key was last used; want disable_unused of %s or more",
			disable, notice, notice-disable, notice)
	}
	return nil
}

// deleteFits: a key that was switched off stays revivable for as long as rest
// promises.
func (s Settings) deleteFits() error {
	after, rest := s.Rules.DeleteInactive, s.Times.Rest
	if after > 0 && after < rest {
		return fmt.Errorf("delete_inactive %s with rest %s: a key would be deleted %s before its rest is over; want delete_inactive of %s or more",
			after, rest, rest-after, rest)
	}
	return nil
}
