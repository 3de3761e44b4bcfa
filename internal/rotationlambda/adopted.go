package rotationlambda

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Each adoption leaves a tag of its own, named after its time, which says what the tags
// were that it wrote with it. An adoption whose write got lost, and comes late over
// another's, brings it along and shows by it. People may tag a secret without.
const adoptedTag = OwnTags + "adopted/"

// adoption adds to what an adoption writes the tag that binds it together.
func adoption(tags map[string]string, now time.Time) map[string]string {
	bound := maps.Clone(tags)
	bound[adoptedTag+strconv.FormatInt(now.UnixMilli(), 36)] = meant(tags)
	return bound
}

// meant tells the users and destinations of two adoptions apart.
func meant(tags map[string]string) string {
	sum := sha256.Sum256([]byte(tags[UserTag] + "\n" + tags[DeliverTag]))
	return hex.EncodeToString(sum[:8])
}

// adoptionsIn are the adoptions of a secret: when each was, and its tag's value.
func adoptionsIn(tags map[string]string) map[time.Time]string {
	all := map[time.Time]string{}
	for tag, value := range tags {
		text, is := strings.CutPrefix(tag, adoptedTag)
		if at, err := strconv.ParseInt(text, 36, 64); is && err == nil {
			all[time.UnixMilli(at)] = value
		}
	}
	return all
}

// past are the tags of all adoptions but the latest.
func past(tags map[string]string) []string {
	var all []string
	for tag := range tags {
		if strings.HasPrefix(tag, adoptedTag) {
			all = append(all, tag)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) // numbers
	return all[:max(len(all)-1, 0)]
}

// overtaken: what the tags say is of an adoption after which there was another, of
// another user or other destinations.
func overtaken(tags map[string]string) error {
	var first, last time.Time
	all, now := adoptionsIn(tags), meant(tags)
	for at, value := range all {
		if at.After(last) {
			last = at
		}
		if value == now && at.After(first) {
			first = at
		}
	}
	if first.IsZero() || first.Equal(last) {
		return nil
	}
	return fmt.Errorf("the tags %s and %s are of an adoption of %s, which came late over that of %s: whose key it is and where it goes is not certain. Set them right, and run `keytend secret adopt` again",
		UserTag, DeliverTag, first.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339))
}
