package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/evidence"
	"github.com/keytend/keytend/internal/policy"
)

// localSchema names the shape and version of `scan --local --output json`.
// Within a version fields are added, never taken away or changed in meaning.
const localSchema = "keytend.local/v1"

type localDocument struct {
	Schema      string               `json:"schema"`
	GeneratedAt time.Time            `json:"generated_at"`
	Keys        []localKeyRecord     `json:"keys"`
	Problems    []localProblemRecord `json:"problems"`
	Searched    []string             `json:"searched"`
	Errors      []localErrorRecord   `json:"errors"`
}

type localKeyRecord struct {
	ID        accesskey.ID       `json:"id"`
	Temporary bool               `json:"temporary"`
	Places    []localPlaceRecord `json:"places"`
	Account   *string            `json:"account"` // null: unknown
	ARN       *string            `json:"arn"`
	User      *string            `json:"user"`
	Works     *bool              `json:"works"` // with the secret beside it; null: not tried
	Status    string             `json:"status"`
	Created   *time.Time         `json:"created"`
	AgeDays   *int               `json:"age_days"`
	LastUsed  any                `json:"last_used"` // null: never; "unknown"
	Unknown   string             `json:"unknown,omitempty"`
	Notes     []string           `json:"notes"`
}

type localPlaceRecord struct {
	Path string `json:"path"` // empty: the environment
	Line int    `json:"line"`
	Name string `json:"name"` // profile or variable
}

type localProblemRecord struct {
	Path   string `json:"path"`
	Line   int    `json:"line"` // 0: the whole file
	Reason string `json:"reason"`
}

type localUseRecord struct {
	Date    time.Time `json:"date"`
	Service string    `json:"service"`
	Region  string    `json:"region"`
}

type localErrorRecord struct {
	Account string `json:"account"`
	User    string `json:"user"`
	Call    string `json:"call"`
	Class   string `json:"class"`
	Error   string `json:"error"`
	Hint    string `json:"hint"`
}

func (r *localReport) writeJSON(w io.Writer) error {
	doc := localDocument{
		Schema: localSchema, GeneratedAt: r.now.UTC().Truncate(time.Second),
		Keys: []localKeyRecord{}, Problems: []localProblemRecord{}, Errors: []localErrorRecord{},
		Searched: append([]string{}, r.found.Searched...),
	}
	for i, key := range r.found.Keys {
		doc.Keys = append(doc.Keys, r.record(key, r.holders[i]))
	}
	for _, p := range r.found.Problems {
		doc.Problems = append(doc.Problems, localProblemRecord{p.Path, p.Line, p.Reason})
	}
	for _, f := range r.failures {
		doc.Errors = append(doc.Errors, localErrorRecord{f.Account, f.User, f.Call, f.Class, f.Err, f.Hint})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(doc)
}

func (r *localReport) record(key evidence.LocalKey, h evidence.Holder) localKeyRecord {
	rec := localKeyRecord{
		ID: key.ID, Temporary: key.ID.Temporary(), Places: []localPlaceRecord{},
		Account: known(h.Account), ARN: known(h.ARN), User: known(h.User), Works: known(h.Works),
		Status: "unknown", Created: known(h.Created), LastUsed: "unknown",
		Notes: append([]string{}, r.notes(key, h)...),
	}
	for _, p := range key.Places {
		rec.Places = append(rec.Places, localPlaceRecord(p))
	}
	if status, ok := h.Status.Get(); ok {
		rec.Status = string(status)
	} else {
		rec.Unknown = h.Status.Why()
	}
	if rec.Created != nil {
		age := int(r.now.Sub(*rec.Created) / policy.Day)
		rec.AgeDays = &age
	}
	switch use, ok := h.LastUsed.Get(); {
	case ok && use.Never():
		rec.LastUsed = nil
	case ok:
		rec.LastUsed = localUseRecord{use.At.UTC(), use.Service, use.Region}
	}
	return rec
}

// known returns a fact's value, or nil.
func known[T any](f accesskey.Fact[T]) *T {
	value, ok := f.Get()
	if !ok {
		return nil
	}
	return &value
}
