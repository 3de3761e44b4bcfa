package main

import (
	"io"
	"strings"
	"time"
)

const monitorSchema = "keytend.monitor/v1"

// The records are exported for the generator of the JSON schema, which reads
// their comments.

// MonitorDocument is how the watch over keys in one region stands, as JSON. Times
// are RFC 3339 in UTC. Lists are never null.
type MonitorDocument struct {
	// Always keytend.monitor/v1.
	Schema string `json:"schema" jsonschema:"const=keytend.monitor/v1"`
	// Twelve digits.
	Account string `json:"account"`
	// The region that was looked at.
	Region string `json:"region"`
	// Whether AWS Config's recorder runs there.
	Recorder string `json:"recorder"`
	// The limit that AWS Config's rules and the alarms are held to, in seconds.
	MaxAge int64 `json:"max_age_seconds"`
	// After how long without use a key should be off, in seconds.
	Unused int64 `json:"unused_seconds"`
	// ARN of the topic that people are told by.
	Topic string `json:"topic"`
	// What the watch is made of.
	Things []MonitorThing `json:"things"`
	// Accounts of the organization that could not take a rule.
	Members []MonitorMember `json:"members"`
	// Where AWS Config and Keytend differ; with --all, every verdict.
	Verdicts []MonitorVerdict `json:"verdicts"`
}

// MonitorThing is one piece of the watch.
type MonitorThing struct {
	// topic, subscription, alarm, event rule, AWS Config rule, …
	Kind string `json:"kind"`
	// Its name in AWS.
	Name string `json:"name"`
	// How it stands.
	Standing string `json:"standing" jsonschema:"enum=there,enum=missing,enum=changed,enum=not ours,enum=somebody else's"`
	// What is otherwise than wanted; absent: nothing.
	Why string `json:"why,omitempty"`
	// What else to know: the state of an alarm, a mail that waits for an answer.
	Note string `json:"note,omitempty"`
}

// MonitorMember is an account that could not take a rule of the organization.
type MonitorMember struct {
	// Twelve digits.
	Account string `json:"account"`
	// The rule's name.
	Rule string `json:"rule"`
	// AWS Config's word for how it stands.
	Status string `json:"status"`
	// AWS Config's error code; absent: none.
	Code string `json:"code,omitempty"`
}

// MonitorVerdict is what AWS Config and Keytend say of one user.
type MonitorVerdict struct {
	// The name of AWS Config's rule.
	Rule string `json:"rule"`
	// Its source: ACCESS_KEYS_ROTATED, …
	Identifier string `json:"identifier"`
	// Whom it is about.
	User string `json:"user"`
	// Keytend's verdict.
	Keytend string `json:"keytend"`
	// On what Keytend goes.
	Saw string `json:"saw,omitempty"`
	// AWS Config's verdict.
	Config string `json:"config"`
	// When AWS Config judged; null: not yet.
	At *time.Time `json:"at" jsonschema:"nullable"`
	// Whether both say the same.
	Same bool `json:"same"`
	// Why they differ.
	Why string `json:"why,omitempty"`
	// Whether that is known.
	Explained bool `json:"explained"`
}

func (w *watchStatus) writeJSON(out io.Writer) error {
	document := MonitorDocument{
		Schema: monitorSchema, Account: w.site.Account, Region: w.site.Region, Recorder: string(w.site.Recorder), Topic: w.site.Topic,
		MaxAge: int64(w.options.MaxAge / time.Second), Unused: int64(w.options.Unused / time.Second),
		Things: []MonitorThing{}, Members: []MonitorMember{}, Verdicts: []MonitorVerdict{},
	}
	for _, s := range w.steps {
		document.Things = append(document.Things, MonitorThing{s.Kind, s.Name, standing(s), s.Why, s.Note})
	}
	for _, m := range w.members {
		document.Members = append(document.Members, MonitorMember{m.Account, m.rule, m.Status, m.Code})
	}
	for _, r := range w.rows {
		if r.Same && !w.all {
			continue
		}
		one := MonitorVerdict{r.Rule, r.Identifier, r.User, string(r.Ours), r.Saw, string(r.Config), nil, r.Same, r.Why, r.Explained}
		if !r.At.IsZero() {
			one.At = &r.At
		}
		document.Verdicts = append(document.Verdicts, one)
	}
	return writeJSON(out, document)
}

// again is the command that would install what is looked for.
func (w *watching) again() string {
	words := []string{"keytend monitor install --region", w.site.Region}
	for _, flag := range []struct {
		text   string
		wanted bool
	}{
		{"--topic " + w.options.Topic, w.options.Topic != ""}, {"--organization", w.options.Organization}, {"--without-config", w.options.WithoutConfig},
		{"--max-age " + spelt(w.options.MaxAge), w.options.MaxAge != w.policyAge}, {"--unused " + spelt(w.options.Unused), w.options.Unused != w.policyUnused},
	} {
		if flag.wanted {
			words = append(words, flag.text)
		}
	}
	return strings.Join(words, " ")
}
