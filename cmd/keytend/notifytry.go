package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/notify"
)

// trial is one run of `keytend notify test`.
type trial struct {
	planning
	only []string
	to   string
}

func notifyTestCommand(a *app) *cobra.Command {
	t := &trial{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "test",
		Short: "Send a message marked as a test through every channel",
		Long: `Test sends a message that says it is a test through every channel of the policy,
and says of each whether it was taken. Mail goes to --to, else to the fallback
owner. Nothing is written down.`,
		Example: `  keytend notify test
  keytend notify test --channel mail --to ana@example.com`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return t.run(c.Context()) },
	}
	t.config.addTo(command)
	command.Flags().StringSliceVar(&t.only, "channel", nil, "only `channels` whose name has this in it (repeatable)")
	command.Flags().StringVar(&t.to, "to", "", "whom to tell: an `address` (default: the fallback owner)")
	return command
}

func (t *trial) run(ctx context.Context) error {
	if err := t.load(); err != nil {
		return err
	}
	words, err := templates(t.policy)
	if err != nil {
		return err
	}
	channels, err := t.app.channels(ctx, t.policy)
	if err == nil {
		channels, err = t.pick(channels)
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, c := range channels {
		if err := t.try(ctx, c, words); err != nil {
			failed++
			t.app.line(printable(fmt.Sprintf("failed  %s: %v", c.Name(), err)))
			continue
		}
		t.app.line(printable("taken   " + c.Name()))
	}
	if failed > 0 {
		return verdict{code: exitFailed, text: fmt.Sprintf("%d of %s did not take the test", failed, count(len(channels), "channel")), hint: "see notices.channels in " + t.policy.File()}
	}
	return nil
}

func (t *trial) pick(channels []notify.Channel) ([]notify.Channel, error) {
	if len(channels) == 0 {
		return nil, hinted{errors.New("no channel is configured"), "name channels under notices in " + t.policy.File()}
	}
	var names []string
	var picked []notify.Channel
	for _, c := range channels {
		names = append(names, c.Name())
		if len(t.only) == 0 || slices.ContainsFunc(t.only, func(word string) bool { return strings.Contains(c.Name(), word) }) {
			picked = append(picked, c)
		}
	}
	if len(picked) == 0 {
		return nil, hinted{fmt.Errorf("no channel's name has %s in it", strings.Join(t.only, " or ")), "there are: " + strings.Join(names, ", ")}
	}
	return picked, nil
}

func (t *trial) try(ctx context.Context, c notify.Channel, words notify.Templates) error {
	now := t.app.now()
	d := notify.Example(now)
	d.To = cmp.Or(t.to, t.policy.Owners.Fallback)
	if a, ok := c.(notify.Addressed); ok && !a.Reaches(d.To) {
		return errors.New("it needs a mail address: say --to, or set owners.fallback")
	}
	m, err := words.Render(d)
	if err != nil {
		return err
	}
	m.ID = notice.ID("test", c.Name(), now.String())
	return notify.Try(ctx, c, m)
}
