package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
)

// termsFlags are the times of a rotation that can be chosen.
func termsFlags(command *cobra.Command, t *accesskey.Terms) {
	flags := command.Flags()
	flags.Var(span{&t.Overlap}, "overlap", "both keys work at least so long")
	flags.Var(span{&t.OverlapMax}, "overlap-max", "then a person is asked where the old key is still used")
	flags.Var(span{&t.Idle}, "idle", "silence of the old key that is wanted before it is switched off")
	flags.Var(span{&t.LagMargin}, "lag-margin", "how late AWS's last-used data may be; it doesn't count as silence")
	flags.Var(span{&t.Cache}, "cache", "how long a consumer may go on with a key that it has read")
	flags.Var(span{&t.Schedule}, "schedule", "the longest time between two runs of a consumer, where you know it")
	flags.Var(span{&t.DeliverMax}, "deliver-max", "how long a destination may refuse the key before a person is asked")
}

// restFlags are those of every way in which a key leaves.
func restFlags(command *cobra.Command, t *accesskey.Terms) {
	flags := command.Flags()
	flags.Var(span{&t.Rest}, "rest", "how long a key stays off, revivable, before it is deleted")
	flags.BoolVar(&t.Keep, "keep", t.Keep, "delete no key, also not an Inactive one to make room: the old one stays, Inactive")
}

// settleFlags are for tests and for accounts whose IAM is known to be fast.
func settleFlags(command *cobra.Command, t *accesskey.Terms) {
	flags := command.Flags()
	flags.Var(span{&t.Window}, "settle", "after which IAM's answers are taken to be the same everywhere")
	flags.Var(span{&t.ProveSpan}, "prove-span", "over which the new key must succeed again and again")
	for _, name := range []string{"settle", "prove-span"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // defined just above
		}
	}
}

// stay is how long a command waits for what comes next before it leaves that
// to a later one.
type stay struct {
	wait     bool // until the end
	patience time.Duration
	nap      time.Duration // with wait: how long it may sleep; 0: some minutes
	yes      bool
}

func (s *stay) addTo(command *cobra.Command) {
	flags := command.Flags()
	s.patience = 5 * time.Minute
	flags.BoolVar(&s.wait, "wait", false, "stay until the work is done, for days if need be")
	flags.Var(span{&s.patience}, "patience", "leave, with the command to come back with, where the next step is further away")
	flags.BoolVarP(&s.yes, "yes", "y", false, "don't ask: do it")
	command.MarkFlagsMutuallyExclusive("wait", "patience")
}
