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

// Document is the trust policy as IAM has it. A provider or trust anchor that is
// still to be made stands there by the ARN it will have, or not at all.
func (t Trust) Document() string {
	type written struct {
		Effect    string
		Principal map[string]string
		Action    []string
		Condition map[string]map[string][]string `json:",omitempty"`
	}
	st := written{Effect: "Allow", Principal: map[string]string{t.Kind: t.Principal}, Action: t.Actions}
	for _, c := range t.Conditions {
		values, literal := c.Values.([]string)
		key, named := c.Variable.(string)
		if !literal || !named {
			continue
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string][]string{}
		}
		if st.Condition[c.Test] == nil {
			st.Condition[c.Test] = map[string][]string{}
		}
		st.Condition[c.Test][key] = values
	}
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []written
	}{"2012-10-17", []written{st}}, "", "  ")
	if err != nil {
		panic(err) // it holds text alone
	}
	return string(text)
}
