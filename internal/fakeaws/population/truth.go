package population

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Truth is what is so in a simulated AWS, for whoever checks what a scan says.
// All moments are RFC 3339, UTC, in whole seconds.
type Truth struct {
	Now      moment    `json:"now"`
	Accounts []account `json:"accounts"`
}

type account struct {
	ID      string `json:"id"`
	RootKey bool   `json:"root_key"` // the root user has an Active key
	Users   []user `json:"users"`
}

type user struct {
	Name string            `json:"name"`
	ARN  string            `json:"arn"`
	Tags map[string]string `json:"tags"`
	Keys []key             `json:"keys"`
}

type key struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Created  moment `json:"created"`
	LastUsed *use   `json:"last_used"` // null: never
}

type use struct {
	Date    moment `json:"date"`
	Service string `json:"service"`
	Region  string `json:"region"`
}

// moment is RFC 3339 in UTC, without fractions of seconds.
type moment string

func momentOf(t time.Time) moment {
	return moment(t.UTC().Truncate(time.Second).Format(time.RFC3339))
}

// TruthOf writes down every account, lazy ones included: it makes them all.
// Uses of keys are those that have happened, published or not.
func TruthOf(aws *fakeaws.AWS) Truth {
	truth := Truth{Now: momentOf(aws.Now()), Accounts: []account{}}
	for _, id := range aws.Accounts() {
		truth.Accounts = append(truth.Accounts, accountOf(aws.Snapshot(id)))
	}
	return truth
}

// Write writes the truth as indented JSON.
func (t Truth) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(t)
}

func accountOf(spec fakeaws.AccountSpec) account {
	a := account{ID: spec.ID, Users: make([]user, 0, len(spec.Users))}
	a.RootKey = slices.ContainsFunc(spec.Root.Keys, func(k fakeaws.KeySpec) bool { return active(k.Status) })
	for _, u := range spec.Users {
		a.Users = append(a.Users, userOf(spec, u))
	}
	slices.SortFunc(a.Users, func(a, b user) int { return strings.Compare(a.Name, b.Name) })
	return a
}

func userOf(spec fakeaws.AccountSpec, u fakeaws.UserSpec) user {
	partition, path := spec.Partition, u.Path
	if partition == "" {
		partition = "aws"
	}
	if path == "" {
		path = "/"
	}
	out := user{
		Name: u.Name,
		ARN:  "arn:" + partition + ":iam::" + spec.ID + ":user" + path + u.Name,
		Tags: map[string]string{},
		Keys: make([]key, 0, len(u.Keys)),
	}
	for k, v := range u.Tags {
		out.Tags[k] = v
	}
	for _, k := range u.Keys {
		out.Keys = append(out.Keys, keyOf(k))
	}
	slices.SortFunc(out.Keys, func(a, b key) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func keyOf(k fakeaws.KeySpec) key {
	out := key{ID: k.ID, Status: k.Status, Created: momentOf(k.Created)}
	if out.Status == "" {
		out.Status = "Active"
	}
	if k.LastUsed != nil {
		out.LastUsed = &use{Date: momentOf(k.LastUsed.At), Service: k.LastUsed.Service, Region: k.LastUsed.Region}
	}
	return out
}

func active(status string) bool { return status == "" || status == "Active" }
