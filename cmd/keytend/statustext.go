package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

func (s *status) write(ctx context.Context, d *desk, views []view, now time.Time) error {
	freezes, err := d.Freezes(ctx, now)
	if err != nil {
		return err
	}
	if s.output.value == "json" {
		return writeJSON(s.app.stdout, struct {
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
	if v.Then != "" {
		line("but then", "%s", v.Then)
	}
	if v.NotBefore != nil {
		line("until", "%s", stamp(*v.NotBefore))
	}
	if v.Deadline != nil {
		line("alarm after", "%s", stamp(*v.Deadline))
	}
}
