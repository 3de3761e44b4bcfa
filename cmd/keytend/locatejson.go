package main

import (
	"io"

	"github.com/keytend/keytend/internal/accesskey"
)

// locateSchema names the shape and version of `keytend locate --output json`.
// Within a version fields are added, never taken away or changed in meaning.
const locateSchema = "keytend.locate/v1"

// The records are exported for the generator of the JSON schema, which reads
// their comments.

// LocateDocument is where keys live, as JSON. Lists are never null. Nothing in it
// is secret.
type LocateDocument struct {
	// Always keytend.locate/v1.
	Schema string `json:"schema" jsonschema:"const=keytend.locate/v1"`
	// How many keys were looked for; 0: whatever there is.
	Keys int `json:"keys"`
	// By user, key and place.
	Places []LocatePlaceRecord `json:"places"`
	// Where was not looked.
	Unlooked []LocateGapRecord `json:"unlooked"`
	// Where was looked, a phrase each.
	Looked []string `json:"looked"`
}

// LocatePlaceRecord is a place with a key.
type LocatePlaceRecord struct {
	Key accesskey.ID `json:"key"`
	// Whose key it is; both absent: nobody's that is known.
	Account string `json:"account,omitempty"`
	User    string `json:"user,omitempty"`
	// What sort of place it is.
	Kind string `json:"kind" jsonschema:"enum=lambda,enum=ecs,enum=codebuild,enum=ssm,enum=secretsmanager,enum=ec2,enum=launch-template,enum=kubernetes,enum=file,enum=git-history,enum=terraform-state,enum=environment"`
	// The place in words.
	Says string `json:"says"`
	// The account and region that it is in; absent: it is in none.
	InAccount string `json:"in_account,omitempty"`
	Region    string `json:"region,omitempty"`
	// The function, secret, instance, file, ...
	Where string `json:"where,omitempty"`
	// In it: a variable, a field, a profile, an address.
	Part string `json:"part,omitempty"`
	// Of a file, from 1.
	Line int    `json:"line,omitempty"`
	ARN  string `json:"arn,omitempty"`
	// What else to know.
	Note string `json:"note,omitempty"`
	// Which workloads take the value from there.
	ReadBy []string `json:"read_by"`
	// The destination by which the next key can be delivered there; absent: it is none.
	Destination string `json:"destination,omitempty"`
	// True: it says that it holds the key, and its value was not read.
	Unproved bool `json:"unproved"`
	// What to do where it is no destination.
	Instead string `json:"instead,omitempty"`
}

// LocateGapRecord is a place where was not looked.
type LocateGapRecord struct {
	Where string `json:"where"`
	Why   string `json:"why"`
	// What to do about it.
	Hint string `json:"hint,omitempty"`
	// The call that failed.
	Call string `json:"call,omitempty"`
	// True: it was tried, and the exit code is 4. False: nobody asked for it.
	Failed bool `json:"failed"`
}

func (l *locating) writeJSON(w io.Writer) error {
	doc := LocateDocument{Schema: locateSchema, Keys: len(l.wanted), Places: []LocatePlaceRecord{}, Unlooked: []LocateGapRecord{}, Looked: some(l.found.Looked)}
	for _, s := range l.spots() {
		doc.Places = append(doc.Places, LocatePlaceRecord{
			Key: s.Key, Account: s.Whose.Account, User: s.Whose.User, Kind: string(s.Kind), Says: s.Place(), InAccount: s.In, Region: s.Region, Where: s.Where,
			Part: s.Part, Line: s.Line, ARN: s.ARN, Note: s.Note, ReadBy: some(s.ReadBy), Destination: s.Destination, Unproved: s.Mention, Instead: s.Instead,
		})
	}
	for _, g := range l.found.Gaps {
		doc.Unlooked = append(doc.Unlooked, LocateGapRecord{Where: g.Where, Why: g.Why, Hint: g.Hint, Call: g.Call, Failed: !g.Chosen})
	}
	return writeJSON(w, doc)
}
