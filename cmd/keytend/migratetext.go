package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/migrate"
)

// ready is an error that says what must be given before Terraform can be written.
func (w *way) ready() error {
	var asked []string
	writable := 0
	for _, p := range w.plans {
		if p.Ready() {
			writable++
		}
		for _, q := range p.Missing {
			asked = append(asked, fmt.Sprintf("%s: %s (--%s)", p.Part.Workload, q.Ask, strings.Join(q.Flags, " or --")))
		}
	}
	switch {
	case len(asked) > 0:
		return hinted{fmt.Errorf("no evidence tells whom the role is to trust, and it is not guessed:\n  %s", strings.Join(asked, "\n  ")), "give it, or leave the others out with --only"}
	case writable == 0:
		return hinted{errors.New("there is no role to write: the keys of " + w.user + " are used by " + w.judgement.Workload.String()), "`keytend migrate " + w.user + "` says what to do"}
	}
	return nil
}

// terraform is everything in one file.
func (w *way) terraform() (string, error) {
	if err := w.ready(); err != nil {
		return "", err
	}
	text := migrate.Versions()
	for _, p := range w.plans {
		if p.Ready() {
			text += "\n" + p.Terraform()
		}
	}
	return text, nil
}

// text is the way for people.
func (w *way) text(dir string) string {
	var b strings.Builder
	w.who(&b)
	if len(w.plans) == 0 {
		recommended(&b, w.advice, w.user, w.keyID(), "")
	}
	for _, p := range w.plans {
		w.part(&b, p, dir)
	}
	if len(w.plans) > 0 {
		unseen(&b, w.plans[0].Window)
	}
	return b.String()
}

func (w *way) keyID() string {
	if len(w.keys) == 1 {
		id, _ := w.keys[0].ID.Get()
		return string(id)
	}
	return "ACCESS-KEY-ID"
}

func (w *way) who(b *strings.Builder) {
	fmt.Fprintf(b, "User %s in account %s\n", w.user, w.account)
	for _, k := range w.keys {
		id, _ := k.ID.Get()
		fmt.Fprintf(b, "  %s  %s, last used %s\n", id, statusText(k), lastUsedText(k, w.now))
	}
	j := w.judgement
	fmt.Fprintf(b, "\nUsed by: %s (%s)", j.Workload, sureness(j.Confidence))
	if j.Why != "" {
		fmt.Fprintf(b, ": %s", j.Why)
	}
	b.WriteString("\n")
	for _, p := range j.Parts {
		fmt.Fprintf(b, "  - %s: %s of the calls (%d), %s to %s, %s\n", p.Workload, percent(p.Share), p.Calls, p.First.Format(time.DateOnly), p.Last.Format(time.DateOnly), sureness(p.Confidence))
		for _, s := range p.Signs[:min(3, len(p.Signs))] {
			fmt.Fprintf(b, "      because %s (%s; %s from %s)\n      source: %s\n", s.Rule.Reason, count(s.Calls, "call"), s.Example.Agent, s.Example.Network, s.Rule.Source)
		}
	}
}

func percent(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }

func sureness(confidence float64) string {
	if confidence <= migrate.Guess {
		return "a guess, " + percent(confidence) + " sure: ask its owner"
	}
	return percent(confidence) + " sure"
}

func (w *way) part(b *strings.Builder, p migrate.Migration, dir string) {
	if len(w.plans) > 1 {
		fmt.Fprintf(b, "\n== %s ==\n", p.Part.Workload)
	}
	recommended(b, p.Recommendation, w.user, w.keyID(), p.RoleName)
	rights(b, p.Grant)
	trusted(b, p)
	for _, n := range p.Notes {
		fmt.Fprintf(b, "  Note: %s\n", n)
	}
	switch {
	case len(p.Missing) > 0:
		b.WriteString("\nTerraform can be written once this is given; it is not guessed:\n")
		for _, q := range p.Missing {
			fmt.Fprintf(b, "  --%s  %s\n", strings.Join(q.Flags, " or --"), q.Ask)
		}
	case p.Ready() && dir != "":
		fmt.Fprintf(b, "\nTerraform is written: %s/%s.tf\n", strings.TrimRight(dir, "/"), p.RoleName)
	case p.Ready():
		b.WriteString("\nTerraform: add --output terraform, or --dir FOLDER\n")
	}
}

func recommended(b *strings.Builder, r migrate.Recommendation, user, key, role string) {
	fmt.Fprintf(b, "\nInstead: %s. Effort: %s.\n  %s\n", r.Replacement, r.Effort, r.Why)
	if r.Source != "" {
		fmt.Fprintf(b, "  %s\n", r.Source)
	}
	for i, step := range r.Spoken(user, key, role) {
		fmt.Fprintf(b, "  %d. %s\n", i+1, step)
	}
}

// rights are what the role may do, beside what the user may do now.
func rights(b *strings.Builder, g migrate.Grant) {
	fmt.Fprintf(b, "\nRights: %s, all of them the user's now, and none besides.\n", count(len(g.Actions), "action"))
	for _, s := range g.Statements {
		where := strings.Join(s.Resources, " ")
		if len(s.NotResources) > 0 {
			where = "all but " + strings.Join(s.NotResources, " ")
		}
		fmt.Fprintf(b, "  %-5s %s on %s", strings.ToLower(string(s.Effect)), strings.Join(s.Actions, " "), where)
		for _, c := range s.Conditions {
			fmt.Fprintf(b, ", if %s %s %s", c.Key, c.Operator, strings.Join(c.Values, " or "))
		}
		b.WriteString("\n")
	}
	if len(g.Kept) > 0 {
		b.WriteString("  The user has now:\n")
	}
	for _, k := range g.Kept {
		kept := "nothing of it was used"
		if len(k.Actions) > 0 {
			kept = count(len(k.Actions), "action") + " of it used"
		}
		fmt.Fprintf(b, "    %s: %s (%s)\n", k.Policy, k.Allows, kept)
	}
	if g.Boundary != "" {
		fmt.Fprintf(b, "  Its permissions boundary stays: %s\n", g.Boundary)
	}
	if len(g.Failed) > 0 {
		fmt.Fprintf(b, "  Not granted, for every try failed: %s\n", strings.Join(g.Failed, " "))
	}
	if len(g.Elsewhere) > 0 {
		fmt.Fprintf(b, "  Not among the user's own rights: %s. A resource's own policy names the user; let it name the role.\n", strings.Join(g.Elsewhere, " "))
	}
	for _, n := range g.Notes {
		fmt.Fprintf(b, "  Note: %s\n", n)
	}
}

func trusted(b *strings.Builder, p migrate.Migration) {
	t := p.Trust
	if t.Principal == "" {
		return
	}
	fmt.Fprintf(b, "\nTrusts: %s\n", t.Principal)
	for _, c := range t.Conditions {
		if values, ok := c.Values.([]string); ok {
			fmt.Fprintf(b, "  if %v %s %s\n", c.Variable, c.Test, strings.Join(values, " or "))
		}
	}
	if t.NewProvider != nil {
		fmt.Fprintf(b, "  The account has no provider for https://%s yet: the Terraform makes it.\n", t.NewProvider.URL)
	}
	for _, n := range t.Notes {
		fmt.Fprintf(b, "  Note: %s\n", n)
	}
}

func unseen(b *strings.Builder, w migrate.Window) {
	fmt.Fprintf(b, "\nWhat was looked through (%s) can't have everything:\n", w.Text)
	for _, u := range w.Unseen() {
		fmt.Fprintf(b, "  ! %s\n", inLine(u))
	}
}
