package report

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// PlanSchema names the shape and version of a plan's JSON.
const PlanSchema = "keytend.plan/v1"

// Plan is what is to be done about the keys of any number of accounts.
type Plan struct {
	Policy   PolicyRecord
	Only     []string // filters in force, for people: "--account 123456789012"
	Horizon  time.Time
	Schedule *policy.Schedule // what Allot has decided is in it
	Failures []accesskey.Failure
	LeftOut  []LeftOut
	Calendar bool // show all of it, not the next few weeks
}

// PolicyRecord names the policy that a plan was made by.
type PolicyRecord struct {
	// The file; empty where there was none and the defaults held.
	File string `json:"file"`
	// SHA-256 of what decides. A plan is carried out only under the same.
	Hash string `json:"hash"`
	// What holds unless a rule for some keys says otherwise.
	Mode string `json:"mode" jsonschema:"enum=observe,enum=approve,enum=enforce"`
}

// PlanDocument is a plan as JSON.
type PlanDocument struct {
	// Always keytend.plan/v1.
	Schema string `json:"schema" jsonschema:"enum=keytend.plan/v1"`
	// When it was made, by AWS's clock.
	GeneratedAt time.Time    `json:"generated_at"`
	Policy      PolicyRecord `json:"policy"`
	// What it was narrowed to.
	Only []string `json:"only"`
	// Items that come later are in the calendar alone.
	Horizon time.Time    `json:"horizon"`
	Totals  TotalsRecord `json:"totals"`
	// What is to be done, waits, is put off, or comes before the horizon.
	Items []ItemRecord `json:"items"`
	// What comes, week by week.
	Calendar []WeekRecord `json:"calendar"`
	// How many keys are left alone, by reason.
	LeftAlone []LeftAloneRecord `json:"left_alone"`
	// Accounts that can't be used.
	LeftOut []LeftOutRecord `json:"left_out"`
	// What could not be read. Nothing is done about what depends on it.
	Errors []ErrorRecord `json:"errors"`
}

// ItemRecord is what a plan says about one key.
type ItemRecord struct {
	Account string `json:"account"`
	User    string `json:"user"`
	// AIDA…: names can be reused, this can't.
	UserID string `json:"user_id"`
	// Null where it is not known.
	KeyID   *accesskey.ID `json:"key_id" jsonschema:"nullable"`
	Created *time.Time    `json:"created" jsonschema:"nullable"`
	Owner   string        `json:"owner"`
	// IAM Identity Center doesn't know the owner any more.
	OwnerLeft  bool `json:"owner_left"`
	Privileged bool `json:"privileged"`
	// begin: a record begins now; go on: one under way has a step to take; approve, blocked: it waits for a person;
	// cannot: it is due, and no machine can do it; unknown: something could not be read, so nothing is done.
	Action string `json:"action" jsonschema:"enum=begin,enum=go on,enum=approve,enum=blocked,enum=cannot,enum=unknown,enum=put off,enum=waits,enum=comes,enum=leave"`
	// rotation, retirement, revocation; empty: none.
	Work string `json:"work"`
	// Where the key is used, a sentence a place, as far as it is on record.
	WhereUsed []string `json:"where_used"`
	// The work ends with the key deleted.
	Delete bool `json:"delete"`
	// When it begins, comes or is looked at again; null: not known.
	At *time.Time `json:"at" jsonschema:"nullable"`
	// When the key must be Inactive; null: never.
	Due *time.Time `json:"due" jsonschema:"nullable"`
	// The due time is past, or can't be met for certain any more.
	Late   bool   `json:"late"`
	Reason string `json:"reason"`
	// What was seen, one sentence.
	Saw string `json:"saw"`
	// What a person does about it.
	Todo         string           `json:"todo"`
	Destinations []string         `json:"destinations"`
	Evidence     []EvidenceRecord `json:"evidence"`
	// The record under way; empty: none.
	Record  string `json:"record"`
	Version int64  `json:"version"`
	Phase   string `json:"phase"`
	// Its next step.
	Next string `json:"next"`
}

// WeekRecord is what comes in one week.
type WeekRecord struct {
	// Monday.
	From   string `json:"from"`
	Rotate int    `json:"rotate"`
	// To be switched off, with the notice that comes before.
	SwitchOff int `json:"switch_off"`
	Delete    int `json:"delete"`
	// Records under way that wait until then.
	GoOn int `json:"go_on"`
}

// LeftAloneRecord is how many keys are left alone for one reason.
type LeftAloneRecord struct {
	Reason string `json:"reason"`
	// Which exemption, or why they are left out; empty for other reasons.
	Saw   string `json:"saw"`
	Count int    `json:"count"`
	// The first few: account, user, key.
	Examples []string `json:"examples"`
}

// TotalsRecord are the numbers of a plan.
type TotalsRecord struct {
	Accounts int `json:"accounts"`
	Keys     int `json:"keys"`
	// Begin now.
	Rotate    int `json:"rotate"`
	SwitchOff int `json:"switch_off"`
	Delete    int `json:"delete"`
	// Under way, with a step to take.
	GoOn     int `json:"go_on"`
	Approval int `json:"approval"`
	Blocked  int `json:"blocked"`
	// Due, and no machine can do it.
	Cannot  int `json:"cannot"`
	Unknown int `json:"unknown"`
	PutOff  int `json:"put_off"`
	Waits   int `json:"waits"`
	// Of all of them: whose due time is past or can't be met for certain.
	Late int `json:"late"`
	// Left alone, and what comes.
	Left int `json:"left"`
}

// WritePlan writes a plan in a format of SheetFormats.
func WritePlan(w io.Writer, f Format, p Plan, o Options) error {
	switch f {
	case Table:
		return planTable(w, p, o)
	case JSON:
		return planJSON(w, p)
	case HTML:
		return planHTML(w, p)
	case Markdown:
		return planMarkdown(w, p)
	}
	return fmt.Errorf("write plan: unknown format %q", f)
}

// planJSON writes a PlanDocument, indented, without ever holding it.
func planJSON(w io.Writer, p Plan) error {
	out := bufio.NewWriter(w)
	e := &jsonEmitter{w: out}
	_, err := io.WriteString(out, "{\n")
	for _, part := range []func() error{
		func() error { return e.field("schema", PlanSchema) },
		func() error { return e.field("generated_at", p.Schedule.Now.UTC()) },
		func() error { return e.field("policy", p.Policy) },
		func() error { return e.field("only", append([]string{}, p.Only...)) },
		func() error { return e.field("horizon", p.Horizon.UTC()) },
		func() error { return e.field("totals", recordTotals(p.Schedule.Totals())) },
		func() error { return planItems(e, p.Schedule) },
		func() error { return writeList(e, "calendar", p.Schedule.Weeks(), ",\n", recordWeek) },
		func() error { return writeList(e, "left_alone", p.Schedule.LeftAlone(), ",\n", recordLeftAlone) },
		func() error { return writeList(e, "left_out", p.LeftOut, ",\n", recordLeftOut) },
		func() error { return writeList(e, "errors", p.Failures, "\n", recordError) },
	} {
		if err == nil {
			err = part()
		}
	}
	if err != nil {
		return err
	}
	_, _ = out.WriteString("}\n") // flush tells of errors
	return out.Flush()
}

func planItems(e *jsonEmitter, s *policy.Schedule) error {
	if _, err := io.WriteString(e.w, `  "items": [`); err != nil {
		return err
	}
	filled := false
	for i, err := range s.All() {
		if err == nil {
			err = e.element(!filled, recordItem(i), "")
		}
		if err != nil {
			return err
		}
		filled = true
	}
	return e.closeList(filled, ",\n")
}

func recordWeek(w policy.Week) WeekRecord {
	return WeekRecord{From: w.From.UTC().Format(time.DateOnly), Rotate: w.Rotate, SwitchOff: w.Retire, Delete: w.Delete, GoOn: w.GoOn}
}

func recordLeftAlone(l policy.LeftAlone) LeftAloneRecord {
	return LeftAloneRecord{Reason: string(l.Reason), Saw: l.Saw, Count: l.Count, Examples: append([]string{}, l.Examples...)}
}

func recordTotals(t policy.Totals) TotalsRecord {
	return TotalsRecord{
		Accounts: t.Accounts, Keys: t.Keys, Rotate: t.Rotate, SwitchOff: t.SwitchOff, Delete: t.Delete, GoOn: t.GoOn, Approval: t.Approval,
		Blocked: t.Blocked, Cannot: t.Cannot, Unknown: t.Unjudged, PutOff: t.PutOff, Waits: t.Waits, Late: t.Late, Left: t.Left,
	}
}

func recordItem(i *policy.Item) ItemRecord {
	rec := ItemRecord{
		Account: i.Account, User: i.User, UserID: i.UserID, Created: timeOrNull(i.Created), Owner: i.Owner, OwnerLeft: i.OwnerLeft, Privileged: i.Privileged,
		Action: string(i.Action), Work: string(i.Work), Delete: i.Delete, At: timeOrNull(i.At), Due: timeOrNull(i.Due), Late: i.Late,
		Reason: string(i.Reason), Saw: i.Saw, Todo: i.Todo, Destinations: append([]string{}, i.Destinations...), Evidence: recordEvidence(i.Evidence),
		Record: i.Record, Version: i.Version, Phase: string(i.Phase), Next: string(i.Next), WhereUsed: append([]string{}, i.Used...),
	}
	if i.Key != "" {
		rec.KeyID = &i.Key
	}
	return rec
}
