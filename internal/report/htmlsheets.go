package report

import (
	"io"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

type (
	scorecardView struct {
		Accounts, At string
		Practices    []practiceView
		Failures     []failureView
	}
	practiceView struct {
		Title, Status, Percent, Number, Target, Sentence, Measured string
		Offenders                                                  []string
	}
	explanationView struct {
		User, Account, ARN, Owner, Privilege, Observed, At string
		Facts                                              []factView
		Judgements                                         []judgementView
		Keys                                               []explainedKeyView
		Failures                                           []failureView
	}
	explainedKeyView struct {
		Name       string
		Facts      []factView
		Judgements []judgementView
	}
	factView      struct{ Fact, Value, Source, Seen string }
	judgementView struct{ Rule, State, Word, Why string }
)

func scorecardHTML(w io.Writer, card policy.Scorecard, failed []accesskey.Failure) error {
	view := scorecardView{Accounts: count(card.Accounts, "account"), At: moment(card.Now), Failures: failuresOf(failed)}
	for _, p := range card.Practices {
		pv := practiceView{
			Title: clean(p.Title), Status: string(p.Status), Percent: "–", Number: score(p), Target: clean(p.Target),
			Sentence: clean(p.Sentence), Measured: clean(p.Measured),
		}
		if p.Of > 0 {
			pv.Percent = share(p)
		}
		for _, o := range p.Offenders {
			pv.Offenders = append(pv.Offenders, offender(o, card.Accounts > 1))
		}
		view.Practices = append(view.Practices, pv)
	}
	return writePage(w, "scorecard.html", view)
}

func explanationHTML(w io.Writer, e policy.Explanation, failed []accesskey.Failure) error {
	view := explanationView{
		User: clean(e.User), Account: naming(e.Account), ARN: clean(e.UserARN), Owner: ownership(e), Privilege: clean(e.Privilege),
		Observed: moment(e.ObservedAt), At: moment(e.Now),
		Facts: factViews(e.Facts, e.Now), Judgements: judgementViews(e.Judgements, e.Now), Failures: failuresOf(failed),
	}
	for _, k := range e.Keys {
		view.Keys = append(view.Keys, explainedKeyView{
			Name:  strings.TrimPrefix(clean(k.Name), "key "),
			Facts: factViews(k.Facts, e.Now), Judgements: judgementViews(k.Judgements, e.Now),
		})
	}
	return writePage(w, "explanation.html", view)
}

func factViews(facts []policy.Evidence, now time.Time) []factView {
	var views []factView
	for _, f := range facts {
		views = append(views, factView{Fact: clean(f.Fact), Value: factValue(f, now), Source: clean(f.Source), Seen: asSeen(f, now)})
	}
	return views
}

func judgementViews(judgements []policy.Judgement, now time.Time) []judgementView {
	var views []judgementView
	for _, j := range judgements {
		views = append(views, judgementView{
			Rule: clean(string(j.Rule)), State: string(j.State), Word: states[j.State].word, Why: verdict(j, now),
		})
	}
	return views
}
