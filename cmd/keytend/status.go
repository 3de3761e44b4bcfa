package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/usage"
)

// status is one run of `keytend status`.
type status struct {
	planning
	output  choice
	ended   bool
	offline bool
}

func statusCommand(a *app) *cobra.Command {
	s := &status{planning: planning{app: a}, output: choice{allowed: []string{"text", "json"}, value: "text"}}
	command := &cobra.Command{
		Use:   "status [USER]",
		Short: "What is under way, and what it waits for",
		Long: `Status shows each rotation, retirement and revocation under way: its phase and
since when, what it waits for, until when, and when the alarm is raised. It
looks at AWS and at every destination now, and changes nothing. Where the policy,
--organization or --profiles means many accounts, it enters every one that has
anything on record.`,
		Example: "  keytend status\n  keytend status alice --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			user := ""
			if len(args) == 1 {
				user = args[0]
			}
			if err := s.check(c); err != nil {
				return usageError{c, err}
			}
			if s.offline {
				return s.onRecord(c.Context(), user)
			}
			if err := s.meansMany(); err != nil {
				return err
			}
			if s.fleet.asked() {
				return s.everywhere(c.Context(), user)
			}
			return s.run(c.Context(), user)
		},
	}
	s.output.addTo(command, "output", "o", "output format")
	command.Flags().BoolVar(&s.ended, "ended", false, "show what has ended too")
	command.Flags().BoolVar(&s.offline, "offline", false, "ask neither AWS nor destinations: only what is on record, of every account")
	s.addAccountsTo(command)
	s.state.addEscrowTo(command)
	return command
}

func (s *status) run(ctx context.Context, user string) error {
	b, err := s.app.openBench(ctx, &s.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	records, err := s.pick(ctx, b.desk, b.account, user)
	if err != nil {
		return err
	}
	if user != "" && len(records) == 0 {
		return (&order{app: s.app}).nothing(ctx, b, user)
	}
	views := make([]view, 0, len(records))
	for _, r := range records {
		views = append(views, s.look(ctx, b, r))
	}
	if err := s.write(ctx, b.desk, views, b.now()); err != nil {
		return err
	}
	return s.others(ctx, b.desk, b.account, user)
}

// others says that more is on record than this account's.
func (s *status) others(ctx context.Context, d *desk, account, user string) error {
	all, err := s.pick(ctx, d, "", user)
	if err != nil {
		return err
	}
	accounts := map[string]bool{}
	for _, r := range all {
		accounts[r.Subject.Account] = r.Subject.Account != account
	}
	maps.DeleteFunc(accounts, func(_ string, other bool) bool { return !other })
	if len(accounts) > 0 {
		s.app.aside("on record in other accounts too: %s; see them with --organization, --profiles or --offline",
			strings.Join(slices.Sorted(maps.Keys(accounts)), ", "))
	}
	return nil
}

// onRecord shows what the state file says.
func (s *status) onRecord(ctx context.Context, user string) error {
	d, err := s.app.openToRead(ctx, &s.state)
	if err != nil {
		return err
	}
	defer d.close()
	records, err := s.pick(ctx, d, "", user)
	if err != nil {
		return err
	}
	views := make([]view, 0, len(records))
	for _, r := range records {
		views = append(views, s.viewOf(r))
	}
	return s.write(ctx, d, views, s.app.now())
}

func (s *status) pick(ctx context.Context, d *desk, account, user string) ([]accesskey.Record, error) {
	records, err := d.List(ctx, account, s.ended || user != "")
	if user == "" {
		return records, err
	}
	records = slices.DeleteFunc(records, func(r accesskey.Record) bool { return !strings.EqualFold(r.Subject.User, user) })
	if !s.ended && len(records) > 0 {
		records = records[len(records)-1:] // the latest, live or not
	}
	return records, err
}

// view is one record as status shows it.
type view struct {
	Account    string             `json:"account"`
	User       string             `json:"user"`
	Work       accesskey.Work     `json:"work"`
	Phase      accesskey.Phase    `json:"phase"`
	Since      time.Time          `json:"since"`
	Started    time.Time          `json:"started"`
	Ended      *time.Time         `json:"ended"`
	Old        accesskey.ID       `json:"old"`
	New        accesskey.ID       `json:"new,omitempty"`
	Next       string             `json:"next,omitempty"` // the step that comes next
	Reason     accesskey.Reason   `json:"reason,omitempty"`
	Saw        string             `json:"saw,omitempty"`
	HeldUp     accesskey.Reason   `json:"held_up,omitempty"` // why the next step is not taken
	NotBefore  *time.Time         `json:"not_before"`
	Deadline   *time.Time         `json:"deadline"`
	Alarmed    []accesskey.Reason `json:"alarmed,omitempty"`
	Command    string             `json:"command,omitempty"`   // what resolves a block
	Answers    []string           `json:"answers,omitempty"`   // the same, each with what it does
	HandOver   []string           `json:"hand_over,omitempty"` // how the key leaves whoever else manages it, line by line
	HeldBy     string             `json:"held_by,omitempty"`
	HeldWhy    string             `json:"held_why,omitempty"`
	Keys       []keyView          `json:"keys,omitempty"`
	Deliveries []deliveryView     `json:"deliveries,omitempty"`
	Uses       []string           `json:"uses,omitempty"`        // of the old key since the new one was delivered, as CloudTrail shows
	Unseen     string             `json:"unseen,omitempty"`      // why it is not known where the old key is used
	Before     *usage.Case        `json:"safety_case,omitempty"` // what is to be known before the old key is switched off
	Probe      string             `json:"probe,omitempty"`
	Unproved   string             `json:"unproved,omitempty"` // why the latest try as the new key failed
	Outcome    accesskey.Reason   `json:"outcome,omitempty"`
	Problem    string             `json:"problem,omitempty"` // why it could not be looked at
}

type keyView struct {
	ID       accesskey.ID `json:"id"`
	Status   string       `json:"status"`
	LastUsed string       `json:"last_used"`
}

type deliveryView struct {
	Destination string       `json:"destination"`
	Delivered   *time.Time   `json:"delivered"`
	Holds       accesskey.ID `json:"holds,omitempty"` // just read
	Readable    bool         `json:"readable"`
	Dropped     bool         `json:"dropped,omitempty"`
	Error       string       `json:"error,omitempty"`
}

func (s *status) viewOf(r accesskey.Record) view {
	v := view{
		Account: r.Subject.Account, User: r.Subject.User, Work: r.Work, Phase: r.Phase, Since: r.Since, Started: r.Started,
		Ended: moment(r.Ended), Old: r.Old, New: r.New, Reason: r.Watch.Waiting, Alarmed: r.Alerted, Outcome: r.Outcome, Probe: r.Probe, Unproved: r.Proof.Error,
	}
	if r.Block != nil {
		v.Since = r.Block.Since
		v.Reason, v.Saw, v.Command = r.Block.Reason, sentence(r.Block.Saw), r.Block.Command
		v.HandOver = handOverOf(r.Block)
		v.Answers = s.app.choices(r, &s.state)
	}
	if r.Hold != nil {
		v.HeldBy, v.HeldWhy = r.Hold.By, r.Hold.Why
	}
	for _, d := range r.Deliveries {
		v.Deliveries = append(v.Deliveries, deliveryView{Destination: d.Destination, Delivered: moment(d.Done), Dropped: d.Dropped, Error: d.Error})
	}
	return v
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// look adds what AWS and the destinations say now.
func (s *status) look(ctx context.Context, b *bench, r accesskey.Record) view {
	v := s.viewOf(r)
	if !r.Live() {
		return v
	}
	res, err := b.rotator.Look(ctx, r.Subject)
	if err != nil {
		v.Problem = err.Error()
		return v
	}
	step := b.admitted(ctx, res)
	v.Next, v.NotBefore, v.Deadline = string(step.Kind), moment(step.NotBefore), moment(step.Deadline)
	if r.Block == nil {
		v.Reason, v.Saw = step.Reason, step.Saw
	}
	if res.Step.Kind != policy.Wait && policy.HeldUp(r.Watch.Waiting) {
		v.HeldUp = r.Watch.Waiting
	}
	v.Keys = keyViews(res, b.now())
	if at := deliveredAt(r); !at.IsZero() {
		v.Uses = usesSince(res, at, b.now())
	}
	v.Before = b.safetyCase(ctx, res)
	v.Unseen = res.Input.OldUses.Why()
	for i, d := range v.Deliveries {
		held, known := res.Input.Destinations[d.Destination].Get()
		if v.Deliveries[i].Holds, v.Deliveries[i].Readable = held.Key, held.Readable; !known && !d.Dropped {
			v.Deliveries[i].Error = res.Input.Destinations[d.Destination].Why()
		}
	}
	return v
}

func keyViews(res rotation.Result, now time.Time) []keyView {
	user, known := res.Input.User.Get()
	keys, listed := user.Keys.Get()
	if !known || !listed {
		return nil
	}
	var views []keyView
	for _, k := range keys {
		id, _ := k.ID.Get()
		views = append(views, keyView{id, statusText(k), lastUsedText(k, now)})
	}
	return views
}

func (s *status) write(ctx context.Context, d *desk, views []view, now time.Time) error {
	freezes, err := d.Orders(ctx, now)
	if err != nil {
		return err
	}
	if s.output.value == "json" {
		out := json.NewEncoder(s.app.stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Schema  string       `json:"schema"`
			At      time.Time    `json:"generated_at"`
			Freezes []freezeView `json:"freezes"` // that a person ordered
			Records []view       `json:"records"`
		}{"keytend.status/v1", now.UTC(), freezeViews(freezes), views})
	}
	for _, f := range freezes {
		s.app.line("frozen " + frozenText(f) + "\n")
	}
	if len(views) == 0 {
		s.app.line("Nothing is under way.")
		return nil
	}
	for i, v := range views {
		if i > 0 {
			_, _ = fmt.Fprintln(s.app.stdout)
		}
		if err := v.text(s.app.stdout, now); err != nil {
			return err
		}
	}
	return nil
}

// text is one record for people.
func (v view) text(w io.Writer, now time.Time) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s of %s in account %s: %s\n", title(v.Work), v.User, v.Account, v.Phase)
	line("since", "%s", sinceText(v.Since, now))
	v.keysText(line)
	if v.Probe != "" && v.Ended == nil {
		line("probe", "%s", v.Probe)
	}
	if v.Unproved != "" {
		line("failed", "the latest test of the new key: %s", sentence(v.Unproved))
	}
	for _, d := range v.Deliveries {
		line("destination", "%s: %s", d.Destination, d.text())
	}
	if v.Unseen != "" {
		line("unseen", "where %s is used, and how long it rests between two uses: %s", v.Old, sentence(v.Unseen))
	}
	for _, use := range v.Uses {
		line("old key", "%s", use)
	}
	v.safetyText(line)
	if v.HeldBy != "" {
		line("held", "by %s: %s", v.HeldBy, v.HeldWhy)
	}
	v.nextText(line)
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// safetyText is what is to be known before the old key is switched off, beside
// where it is used.
func (v view) safetyText(line func(string, string, ...any)) {
	if v.Before == nil {
		return
	}
	if len(v.Deliveries) == 0 { // else only what came after the delivery matters
		for _, place := range v.Before.Used {
			line("used", "%s", place)
		}
	}
	for _, text := range []string{v.Before.Rest, v.Before.Acknowledged, v.Before.Undo} {
		if text != "" {
			line("before off", "%s", text)
		}
	}
}

func (v view) keysText(line func(string, string, ...any)) {
	line("old key", "%s%s", v.Old, v.about(v.Old))
	if v.New != "" {
		line("new key", "%s%s", v.New, v.about(v.New))
	}
}

func (v view) about(id accesskey.ID) string {
	for _, k := range v.Keys {
		if k.ID == id {
			return "  " + k.Status + ", last used " + k.LastUsed
		}
	}
	return ""
}

func (d deliveryView) text() string {
	var parts []string
	switch {
	case d.Dropped:
		return "dropped"
	case d.Readable && d.Holds != "":
		parts = append(parts, "holds "+string(d.Holds))
	case d.Readable:
		parts = append(parts, "holds no key")
	}
	if d.Delivered != nil {
		parts = append(parts, "delivered "+stamp(*d.Delivered))
	} else {
		parts = append(parts, "not delivered yet")
	}
	if d.Error != "" {
		parts = append(parts, d.Error)
	}
	return strings.Join(parts, "; ")
}

func (v view) nextText(line func(string, string, ...any)) {
	switch {
	case v.Problem != "":
		line("not seen", "%s", v.Problem)
		return
	case v.Ended != nil:
		line("ended", "%s: %s", stamp(*v.Ended), v.Outcome)
		return
	case v.Command != "":
		line("blocked", "%s: %s", v.Reason, v.Saw)
		for _, text := range v.HandOver {
			line("", "%s", text)
		}
		for i, answer := range v.Answers {
			name := ""
			if i == 0 {
				name = "answer with"
			}
			line(name, "%s", answer)
		}
		return
	case v.Next != "" && v.Next != "wait":
		line("next", "%s (%s): `keytend resume %s`", v.Next, v.Reason, v.User)
		if v.HeldUp != "" {
			line("held up", "%s", v.HeldUp)
		}
		return
	case v.Reason != "":
		line("waits", "%s", v.Reason)
	}
	if v.Saw != "" {
		line("", "%s", v.Saw)
	}
	if v.NotBefore != nil {
		line("until", "%s", stamp(*v.NotBefore))
	}
	if v.Deadline != nil {
		line("alarm after", "%s", stamp(*v.Deadline))
	}
}
