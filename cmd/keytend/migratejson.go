package main

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/migrate"
)

type wayJSON struct {
	Schema      string              `json:"schema"`
	Account     string              `json:"account"`
	User        string              `json:"user"`
	Keys        []accesskey.ID      `json:"keys"`
	Workload    migrate.Workload    `json:"workload"`
	Confidence  float64             `json:"confidence"`
	Why         string              `json:"why,omitempty"`
	Replacement migrate.Replacement `json:"replacement"`
	Effort      migrate.Effort      `json:"effort"`
	Parts       []partJSON          `json:"workloads"`
}

type partJSON struct {
	Workload     migrate.Workload    `json:"workload"`
	Confidence   float64             `json:"confidence"`
	Calls        int                 `json:"calls"`
	Share        float64             `json:"share"`
	First        time.Time           `json:"first"`
	Last         time.Time           `json:"last"`
	Signs        []signJSON          `json:"signs"`
	Replacement  migrate.Replacement `json:"replacement"`
	Effort       migrate.Effort      `json:"effort"`
	Steps        []string            `json:"steps"`
	Role         string              `json:"role,omitempty"` // ARN
	Tags         map[string]string   `json:"role_tags,omitempty"`
	Policy       json.RawMessage     `json:"policy"` // null: it needs none
	Trust        json.RawMessage     `json:"trust"`  // null: there is none, or it is not known whom
	Boundary     string              `json:"permissions_boundary,omitempty"`
	Has          []hasJSON           `json:"user_has"`
	Failed       []string            `json:"failed"`
	Elsewhere    []string            `json:"elsewhere"`
	Notes        []string            `json:"notes"`
	Unseen       []string            `json:"unseen"`
	Missing      []questionJSON      `json:"missing"`
	TerraformHCL string              `json:"terraform,omitempty"`
}

type signJSON struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Source string `json:"source"`
	Calls  int    `json:"calls"`
	Agent  string `json:"agent"`
	From   string `json:"from"`
}

type hasJSON struct {
	Policy string   `json:"policy"`
	Allows string   `json:"allows"`
	Used   []string `json:"used"`
}

type questionJSON struct {
	Flags []string `json:"flags"`
	Ask   string   `json:"ask"`
}

func (w *way) document() wayJSON {
	d := wayJSON{
		Schema: "keytend.migrate/v1", Account: w.account, User: w.user, Keys: []accesskey.ID{}, Workload: w.judgement.Workload,
		Confidence: w.judgement.Confidence, Why: w.judgement.Why, Replacement: w.advice.Replacement, Effort: w.advice.Effort, Parts: []partJSON{},
	}
	for _, k := range w.keys {
		id, _ := k.ID.Get()
		d.Keys = append(d.Keys, id)
	}
	for _, p := range w.plans {
		d.Parts = append(d.Parts, w.partDocument(p))
	}
	return d
}

func (w *way) partDocument(p migrate.Migration) partJSON {
	d := partJSON{
		Workload: p.Part.Workload, Confidence: p.Part.Confidence, Calls: p.Part.Calls, Share: p.Part.Share, First: p.Part.First, Last: p.Part.Last,
		Signs: []signJSON{}, Replacement: p.Recommendation.Replacement, Effort: p.Recommendation.Effort, Steps: p.Recommendation.Spoken(w.user, w.keyID(), p.RoleName),
		Role: p.RoleARN(), Boundary: p.Grant.Boundary, Has: []hasJSON{}, Failed: list(p.Grant.Failed), Elsewhere: list(p.Grant.Elsewhere),
		Notes: list(slices.Concat(p.Grant.Notes, p.Trust.Notes, p.Notes)), Unseen: list(p.Window.Unseen()), Missing: []questionJSON{},
		Policy: raw(p.Grant.Document()), Trust: raw(""),
	}
	if d.Role != "" {
		d.Tags = p.Tags()
	}
	if p.Trust.Principal != "" {
		d.Trust = raw(p.Trust.Document())
	}
	for _, s := range p.Part.Signs {
		d.Signs = append(d.Signs, signJSON{s.Rule.Name, s.Rule.Reason, s.Rule.Source, s.Calls, s.Example.Agent.String(), s.Example.Network})
	}
	for _, k := range p.Grant.Kept {
		d.Has = append(d.Has, hasJSON{k.Policy, k.Allows, list(k.Actions)})
	}
	for _, q := range p.Missing {
		d.Missing = append(d.Missing, questionJSON(q))
	}
	if p.Ready() {
		d.TerraformHCL = p.Terraform()
	}
	return d
}

// raw is a document as it stands; null where there is none.
func raw(document string) json.RawMessage {
	if document == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(document)
}

// list is never null.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}
