package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// OwnAgent is the word in a place's agent by which our own calls are told.
const OwnAgent = "app/keytend"

// ownServices are those that Keytend itself calls. A key that was last used for
// another one was not used by us.
var ownServices = []string{"access-analyzer", "cloudtrail", "config", "iam", "kms", "organizations", "secretsmanager", "ssm", "sts"}

// ours is when our own requests were last signed with the new key.
func ours(in Input) time.Time {
	base, known := in.BaseKey.Get()
	if !known || base == "" || base != in.Record.New {
		return in.Record.Watch.NewOurs
	}
	return in.ObservedAt
}

// taken is the latest use of the new key, after its proof, that the input shows
// to be somebody else's. Where our own requests were ever signed with it, ours
// are told by the user agent, and a last use by its service alone.
func taken(in Input, ourOwn bool) time.Time {
	r := in.Record
	if r.New == "" || r.Proof.Passed.IsZero() {
		return time.Time{}
	}
	var at time.Time
	k, _ := find(in.User, r.New)
	if last, known := k.LastUsed.Get(); known && (!ourOwn || theirs(last)) {
		at = last.At
	}
	sightings, _ := in.NewUses.Get()
	for _, s := range sightings {
		if !ourOwn || !slices.Contains(strings.Fields(s.Place.Agent), OwnAgent) {
			at = later(at, s.At)
		}
	}
	if !at.After(proofOver(r)) {
		return time.Time{}
	}
	return at
}

func theirs(last accesskey.LastUse) bool {
	return last.Service != "" && last.Service != "N/A" && !slices.Contains(ownServices, last.Service)
}

// proofOver is when the last round of our own proof, made by whichever process
// at the same time, can have been carried out: a later use is not the proof.
func proofOver(r accesskey.Record) time.Time {
	return r.Proof.Passed.Add(r.Terms.Lease + SignatureLife)
}
