package policy

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// ControlVerdict is one control held against one key, one user or the root user,
// by the control's own limit at its default, whatever limits are ours.
type ControlVerdict struct {
	Control  Control
	User     string // RootUser for the root user
	UserARN  string
	KeyID    accesskey.ID // empty: not looked up, or not about one key
	State    State
	Why      string     // one sentence
	Evidence []Evidence // of what is Broken or Unknown
}

// SheetControl is a control that keys and passwords can be held against.
type SheetControl struct {
	Control
	Title string
}

// controlTitles say what a control asks for, by the rule that stands for it.
var controlTitles = map[Rule]string{
	RootAccessKey:      "the root user has no access key",
	KeyTooOld:          "access keys are rotated every 90 days or less",
	MultipleActiveKeys: "a user has only one active access key",
	ConsoleKeyAtSetup:  "no access key was made at setup for a user with a console password",
}

// frameworks are in the order of a sheet.
var frameworks = []string{"CIS AWS 1.4-4.0", "CIS AWS 5.0", "CIS AWS 6.0", "CIS AWS 7.0", "Security Hub", "AWS Config"}

// Controls returns every control that JudgeControls holds an account against, by
// framework and number.
func Controls() []SheetControl {
	var all []SheetControl
	for rule, rows := range controls {
		if rule == KeyDueSoon {
			continue // breaks none of them yet
		}
		for _, row := range rows {
			c := SheetControl{row.Control, controlTitle(rule, row.limit)}
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b SheetControl) int {
		return cmp.Or(cmp.Compare(slices.Index(frameworks, a.Framework), slices.Index(frameworks, b.Framework)), compareNumbers(a.ID, b.ID))
	})
	return all
}

func controlTitle(rule Rule, limit time.Duration) string {
	if title := controlTitles[rule]; title != "" {
		return title
	}
	return "keys and passwords unused for " + exactly(limit) + " are off"
}

// compareNumbers puts 2.4 before 2.11.
func compareNumbers(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if c := cmp.Compare(x, y); errX == nil && errY == nil && c != 0 {
			return c
		}
		if c := strings.Compare(as[i], bs[i]); (errX != nil || errY != nil) && c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// JudgeControls holds an account against every control, thing by thing: each
// key, each user, the root user. Where nothing could be read of what a control
// is about, it yields one verdict that is Unknown, never none.
func JudgeControls(inv accesskey.Inventory, now time.Time) iter.Seq[ControlVerdict] {
	return func(yield func(ControlVerdict) bool) {
		sheet := &controlSheet{yield: yield}
		for _, limit := range []time.Duration{45 * Day, 90 * Day} {
			rules := DefaultRules()
			rules.MaxAge, rules.Unused = 90*Day, limit
			sheet.subject, sheet.limit = newSubject(&inv, &rules, now), limit
			root := Root(inv)
			sheet.user(&root)
			for i := range inv.Users {
				sheet.user(&inv.Users[i])
			}
			sheet.first = true
		}
	}
}

// controlSheet judges by one limit for what is unused. What has no limit of its
// own is judged with the first.
type controlSheet struct {
	subject *subject
	limit   time.Duration
	first   bool // is over
	done    bool // nobody wants more
	yield   func(ControlVerdict) bool
}

func (c *controlSheet) user(u *accesskey.User) {
	if c.done {
		return
	}
	s := c.subject
	s.setUser(u)
	keys, known := u.Keys.Get()
	for i := range keys {
		s.setKey(&keys[i])
		c.thing(aKey, func(check *check) verdict { return check.judge(s) })
	}
	s.key = keyFacts{}
	switch {
	case !known:
		c.thing(aKey, func(*check) verdict {
			return unknown(func(s *subject) string {
				return "whether the user has an access key could not be read: " + s.user.Keys.Why()
			})
		})
	case len(keys) == 0 && s.root:
		c.thing(aKey, func(*check) verdict {
			return isKept(func(*subject) string { return "the root user has no access key" })
		})
	}
	c.thing(aUser, func(check *check) verdict { return check.judge(s) })
}

// thing judges what the subject is set to by every check of a scope. A control
// that several rules stand for has the worst of their answers.
func (c *controlSheet) thing(of scope, judge func(*check) verdict) {
	worst := map[Control]ControlVerdict{}
	var order []Control
	for i := range checks {
		check := &checks[i]
		rows := c.rows(check.rule)
		if check.of != of || len(rows) == 0 || !check.whom.includes(c.subject.root) {
			continue
		}
		v := judge(check)
		for _, row := range rows {
			before, seen := worst[row]
			if !seen {
				order = append(order, row)
			}
			if !seen || weight(v.state) > weight(before.State) {
				worst[row] = c.verdict(row, check, v, of)
			}
		}
	}
	for _, row := range order {
		if !c.done && !c.yield(worst[row]) {
			c.done = true
		}
	}
}

// weight orders states for an auditor: what is not known has not passed.
func weight(s State) int { return slices.Index([]State{Kept, Unknown, Broken}, s) }

// rows are the controls of a rule that this limit judges.
func (c *controlSheet) rows(rule Rule) []Control {
	if rule == KeyDueSoon {
		return nil
	}
	var rows []Control
	for _, row := range controls[rule] {
		unlimited := row.limit == 0 || rule == KeyTooOld
		if unlimited && !c.first || !unlimited && row.limit == c.limit {
			rows = append(rows, row.Control)
		}
	}
	return rows
}

func (c *controlSheet) verdict(control Control, check *check, v verdict, of scope) ControlVerdict {
	s := c.subject
	out := ControlVerdict{Control: control, User: s.user.Name, UserARN: s.user.ARN, State: v.state, Why: v.say(s)}
	if s.key.Key != nil {
		out.KeyID, _ = s.key.ID.Get()
	}
	if v.state != Kept && (of == aUser || s.key.Key != nil) {
		out.Evidence = s.evidence(check)
	}
	return out
}
