package main

import (
	"io"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/locate"
	"github.com/keytend/keytend/internal/policy"
)

// localSchema names the shape and version of `scan --local --output json`.
// Within a version fields are added, never taken away or changed in meaning.
const localSchema = "keytend.local/v1"

// The records are exported for the generator of the JSON schema, which reads
// their comments.

// LocalDocument is what scan --local found, as JSON. Times are RFC 3339 in UTC.
// Lists are never null.
type LocalDocument struct {
	// Always keytend.local/v1.
	Schema string `json:"schema" jsonschema:"const=keytend.local/v1"`
	// When it was found, by AWS's clock where AWS was asked.
	GeneratedAt time.Time `json:"generated_at"`
	// Every access key found, by ID.
	Keys []LocalKeyRecord `json:"keys"`
	// What is wrong with the files.
	Problems []LocalProblemRecord `json:"problems"`
	// The files that were looked at, beside the environment.
	Searched []string `json:"searched"`
	// What AWS should have answered and didn't.
	Errors []LocalErrorRecord `json:"errors"`
}

// LocalKeyRecord is one access key found on this machine.
type LocalKeyRecord struct {
	// The access key ID.
	ID accesskey.ID `json:"id"`
	// Whether it belongs to a session (ASIA) rather than to a user.
	Temporary bool `json:"temporary"`
	// Where it lies; at least one place.
	Places []LocalPlaceRecord `json:"places"`
	// Twelve digits; null where unknown.
	Account *string `json:"account" jsonschema:"nullable"`
	// Of the user, the root user or the session; null where unknown.
	ARN *string `json:"arn" jsonschema:"nullable"`
	// The IAM user's name; null where unknown.
	User *string `json:"user" jsonschema:"nullable"`
	// Whether AWS takes it with the secret beside it; null where not tried (--try).
	Works *bool `json:"works" jsonschema:"nullable"`
	// As IAM says: Active, Inactive, Expired; "unknown" where it could not be read.
	Status string `json:"status"`
	// When it was made; null where unknown.
	Created *time.Time `json:"created" jsonschema:"nullable"`
	// Whole days from created to generated_at; null where unknown.
	AgeDays *int `json:"age_days" jsonschema:"nullable"`
	// The latest use AWS tells of (date, service, region); null: never; "unknown": could not be read.
	LastUsed any `json:"last_used" jsonschema:"oneof_type=object;null;string"`
	// Why status, age or last use is unknown.
	Unknown string `json:"unknown,omitempty"`
	// What to know about it, in sentences.
	Notes []string `json:"notes"`
}

// LocalPlaceRecord is a place where a key lies.
type LocalPlaceRecord struct {
	// The file; empty: the environment.
	Path string `json:"path"`
	// In the file, from 1; 0 in the environment.
	Line int `json:"line"`
	// The profile or the variable.
	Name string `json:"name"`
}

// LocalProblemRecord is something wrong with a file.
type LocalProblemRecord struct {
	Path string `json:"path"`
	// 0: the whole file.
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// LocalUseRecord is a use of a key.
type LocalUseRecord struct {
	Date    time.Time `json:"date"`
	Service string    `json:"service"`
	Region  string    `json:"region"`
}

// LocalErrorRecord is a question that AWS didn't answer.
type LocalErrorRecord struct {
	// Twelve digits; empty where unknown.
	Account string `json:"account"`
	User    string `json:"user"`
	// The API call.
	Call string `json:"call"`
	// The kind of failure.
	Class string `json:"class"`
	// What AWS or the network said.
	Error string `json:"error"`
	// What to do next.
	Hint string `json:"hint"`
}

func (r *localReport) writeJSON(w io.Writer) error {
	doc := LocalDocument{
		Schema: localSchema, GeneratedAt: r.now.UTC().Truncate(time.Second),
		Keys: []LocalKeyRecord{}, Problems: []LocalProblemRecord{}, Errors: []LocalErrorRecord{},
		Searched: append([]string{}, r.found.Searched...),
	}
	for i, key := range r.found.Keys {
		doc.Keys = append(doc.Keys, r.record(key, r.holders[i]))
	}
	for _, p := range r.found.Problems {
		doc.Problems = append(doc.Problems, LocalProblemRecord{p.Path, p.Line, p.Reason})
	}
	for _, f := range r.failures {
		doc.Errors = append(doc.Errors, LocalErrorRecord{f.Account, f.User, f.Call, f.Class, f.Err, f.Hint})
	}
	return writeJSON(w, doc)
}

func (r *localReport) record(key locate.LocalKey, h locate.Holder) LocalKeyRecord {
	rec := LocalKeyRecord{
		ID: key.ID, Temporary: key.ID.Temporary(), Places: []LocalPlaceRecord{},
		Account: known(h.Account), ARN: known(h.ARN), User: known(h.User), Works: known(h.Works),
		Status: "unknown", Created: known(h.Created), LastUsed: "unknown",
		Notes: append([]string{}, r.notes(key, h)...),
	}
	for _, p := range key.Places {
		rec.Places = append(rec.Places, LocalPlaceRecord(p))
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
		rec.LastUsed = LocalUseRecord{use.At.UTC(), use.Service, use.Region}
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
