package locate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// parameters reads every parameter's description, the values of those that are
// not encrypted, and of those that are where that was asked for.
func (h *hunt) parameters(ctx context.Context, region string) error {
	store := h.Session.Parameters(region)
	var plain, encrypted []awsapi.ListedParameter
	for p, err := range store.All(ctx) {
		switch {
		case err != nil:
			return err
		case p.Encrypted():
			encrypted = append(encrypted, p)
		default:
			plain = append(plain, p)
		}
	}
	for some := range slices.Chunk(plain, awsapi.ParametersAtOnce) {
		var names []string
		for _, p := range some {
			names = append(names, p.Name)
		}
		texts, err := store.Texts(ctx, names)
		if err != nil {
			return err
		}
		for _, p := range some {
			h.kept(texts[p.Name], nil, Find{Kind: InParameter, Region: region, Where: p.Name}, p.Description)
		}
	}
	return h.encrypted(ctx, region, encrypted)
}

// encrypted looks at the SecureStrings of a region.
func (h *hunt) encrypted(ctx context.Context, region string, all []awsapi.ListedParameter) error {
	store := h.Session.Parameters(region)
	u := unread{what: "SecureString parameter", where: "in " + region}
	for _, p := range all {
		var text accesskey.Secret
		if h.ReadParameters {
			var err error
			if text, _, _, err = store.Value(ctx, p.Name); err != nil {
				if awsapi.ClassOf(err) != awsapi.NotFound {
					u.failed(p.Name, err)
				}
				continue
			}
		}
		h.kept(text, nil, Find{Kind: InParameter, Region: region, Where: p.Name, Encrypted: true}, p.Description)
	}
	if !h.ReadParameters && len(all) > 0 {
		h.gap(Gap{Where: plural(len(all), "SecureString parameter") + " in " + region, Why: "encrypted, and not decrypted", Hint: "--read-parameters decrypts them; CloudTrail records each", Chosen: true})
	}
	u.tell(h)
	return ctx.Err()
}

// secrets reads the description and tags of every secret, and the value where
// that was asked for.
func (h *hunt) secrets(ctx context.Context, region string) error {
	store := h.Session.Secrets(region)
	u, n := unread{what: "secret", where: "in " + region}, 0
	for d, err := range store.Tagged(ctx, "") {
		if err != nil {
			return err
		}
		if !d.Deleted.IsZero() {
			continue
		}
		n++
		var text accesskey.Secret
		if h.ReadSecrets {
			if text, _, err = store.Value(ctx, d.ARN); err != nil {
				if awsapi.ClassOf(err) != awsapi.NotFound { // it has no value, or is gone
					u.failed(d.Name, err)
				}
			}
		}
		h.kept(text, h.ofUser(d.Tags[h.UserTag]), Find{Kind: InSecret, Region: region, Where: d.Name, ARN: d.ARN, Keeper: keeper(d, region)}, said(d))
	}
	if !h.ReadSecrets && n > 0 {
		h.gap(Gap{Where: plural(n, "secret") + " of Secrets Manager in " + region, Why: "descriptions and tags were read, values not", Hint: "--read-secrets reads them; CloudTrail records each, and somebody may be alarmed", Chosen: true})
	}
	u.tell(h)
	return nil
}

// said is what a secret says of itself where anybody may read it.
func said(d awsapi.SecretDescription) string {
	words := []string{d.Description}
	for _, key := range slices.Sorted(maps.Keys(d.Tags)) {
		words = append(words, key, d.Tags[key])
	}
	return strings.Join(words, "\n")
}

// keeper is what else writes a secret; empty: nothing that is known.
func keeper(d awsapi.SecretDescription, region string) string {
	switch {
	case d.OwningService != "":
		return "service " + d.OwningService
	case d.RotationEnabled:
		return "its own rotation"
	case d.PrimaryRegion != "" && d.PrimaryRegion != region:
		return "the primary secret in " + d.PrimaryRegion
	}
	return ""
}

// ofUser are the wanted keys of a user of the account.
func (h *hunt) ofUser(name string) []accesskey.ID {
	var keys []accesskey.ID
	for id, whose := range h.Wanted {
		if name != "" && whose == (Whose{h.Account, name}) {
			keys = append(keys, id)
		}
	}
	return keys
}

// kept tells of the keys that a value holds, or that a place says it holds.
func (h *hunt) kept(value accesskey.Secret, tagged []accesskey.ID, f Find, description string) {
	inside := h.keys([]byte(value.Reveal()))
	for _, id := range inside {
		g := f
		g.Key = id
		g.Field, g.SecretField = fields(value, id)
		g.Part = g.Field
		h.add(g)
	}
	for _, id := range append(h.keys([]byte(description)), tagged...) {
		if !slices.Contains(inside, id) && (value.Empty() || len(tagged) == 0) {
			g := f
			g.Key, g.Mention, g.Note = id, true, "it says so; its value was not read"
			if !value.Empty() {
				g.Note, g.Stale = "it says so, but the key is not in its value", true
			}
			h.add(g)
		}
	}
}

// secretForm is a secret access key's.
var secretForm = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)

// fields names the member of a JSON object that is the ID, and the one other that
// looks like a secret access key; empty: no such member, or several.
func fields(value accesskey.Secret, id accesskey.ID) (key, secret string) {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(value.Reveal()), &members) != nil {
		return "", ""
	}
	var keys, secrets []string
	for name, raw := range members {
		var text string
		switch {
		case json.Unmarshal(raw, &text) != nil:
		case text == string(id):
			keys = append(keys, name)
		case secretForm.MatchString(text):
			secrets = append(secrets, name)
		}
	}
	return onlyOne(keys), onlyOne(secrets)
}

func onlyOne(names []string) string {
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// unread counts what of a kind could not be read, to tell of it once.
type unread struct {
	what, where string
	n           int
	first       string
	err         error
}

func (u *unread) failed(name string, err error) {
	if u.n++; u.n == 1 {
		u.first, u.err = name, err
	}
}

func (u *unread) tell(h *hunt) {
	if u.n == 0 {
		return
	}
	g := gapOf(plural(u.n, u.what)+" "+u.where, u.err)
	g.Why = u.first + ": " + g.Why
	h.gap(g)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
