package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words, refuses others, and
// completes them. The value set beforehand is the default.
type choice struct {
	allowed []string
	value   string
}

// String implements pflag.Value.
func (c *choice) String() string { return c.value }

// Type implements pflag.Value.
func (c *choice) Type() string { return "word" }

// Set implements pflag.Value.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return fmt.Errorf("want %s", strings.Join(c.allowed, ", "))
	}
	c.value = word
	return nil
}

// addTo gives the flag to a command, with value completion.
func (c *choice) addTo(command *cobra.Command, name, short, usage string) {
	usage += ": " + strings.Join(c.allowed, ", ")
	command.Flags().VarP(c, name, short, usage)
	complete := cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp)
	if err := command.RegisterFlagCompletionFunc(name, complete); err != nil {
		panic(err) // the flag was defined on the line before
	}
}

// span is a flag of whole units of time: 90d, 36h, 2w.
type span struct{ value *time.Duration }

// String implements pflag.Value.
func (s span) String() string {
	if s.value == nil {
		return ""
	}
	return model.Duration(*s.value).String()
}

// Type implements pflag.Value.
func (s span) Type() string { return "duration" }

// Set implements pflag.Value.
func (s span) Set(text string) error {
	parsed, err := model.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("want a number and a unit, such as 90d, 36h or 2w")
	}
	*s.value = time.Duration(parsed)
	return nil
}
