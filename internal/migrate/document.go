package migrate

import (
	"encoding/json"

	"github.com/keytend/keytend/internal/iampolicy"
)

// Document is the policy as IAM has it; empty where nothing is granted, for which
// IAM has no policy.
func (g Grant) Document() string {
	if len(g.Actions) == 0 {
		return ""
	}
	return document(g.Statements)
}

type writtenStatement struct {
	Effect      iampolicy.Effect
	Action      []string
	Resource    []string                       `json:",omitempty"`
	NotResource []string                       `json:",omitempty"`
	Condition   map[string]map[string][]string `json:",omitempty"`
}

func document(statements []Allowance) string {
	doc := struct {
		Version   string
		Statement []writtenStatement
	}{Version: "2012-10-17", Statement: []writtenStatement{}}
	for _, s := range statements {
		w := writtenStatement{Effect: s.Effect, Action: s.Actions, Resource: s.Resources, NotResource: s.NotResources}
		for _, c := range s.Conditions {
			if w.Condition == nil {
				w.Condition = map[string]map[string][]string{}
			}
			if w.Condition[c.Operator] == nil {
				w.Condition[c.Operator] = map[string][]string{}
			}
			w.Condition[c.Operator][c.Key] = c.Values
		}
		doc.Statement = append(doc.Statement, w)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // it holds text alone
	}
	return string(text)
}
