package policy

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// ownerTag returns the tag that names the owner: the first of wanted, in their
// order, that the user carries in any case with something in it. IAM lets no
// two tag keys of a user differ in case alone; should it happen all the same,
// the one that sorts first is taken.
func ownerTag(tags map[string]string, wanted []string) (tag, owner string) {
	best := len(wanted)
	for key, value := range tags {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		i := foldIndex(wanted, key, best+1)
		if i < best || i == best && i < len(wanted) && key < tag {
			best, tag, owner = i, key, value
		}
	}
	return tag, owner
}

// foldIndex returns the index of key among the first n of names in any case,
// else len(names).
func foldIndex(names []string, key string, n int) int {
	for i := range min(n, len(names)) {
		if strings.EqualFold(names[i], key) {
			return i
		}
	}
	return len(names)
}

// OwnerOf returns who owns a user, by the first of the rules' owner tags that
// it carries; empty where there is none or the tags are unknown.
func OwnerOf(u accesskey.User, r Rules) string {
	owner, _ := ownerOf(&u, r.OwnerTags)
	return owner
}

// OwnerByTag returns who owns a user by the first of these tags, in any case,
// that it carries with something in it, and the tag; empty where it carries
// none or its tags are unknown.
func OwnerByTag(u *accesskey.User, wanted []string) (owner, tag string) {
	tags, _ := u.Tags.Get()
	tag, owner = ownerTag(tags, wanted)
	return owner, tag
}

// ownerOf returns the owner of a user, empty where there is none or it is
// unknown, and one sentence on how that was found out.
func ownerOf(u *accesskey.User, wanted []string) (owner, why string) {
	tags, ok := u.Tags.Get()
	if !ok {
		return "", "unknown: " + u.Tags.Why()
	}
	tag, owner := ownerTag(tags, wanted)
	if tag == "" {
		return "", "the user carries none of the tags " + strings.Join(wanted, ", ")
	}
	return owner, "from the user's tag " + quoted(tag)
}

// ownerName looks the owner up once a user, and only for users with a finding.
func (s *subject) ownerName() string {
	if !s.owned {
		s.owned = true
		tags, _ := s.user.Tags.Get()
		_, s.owner = ownerTag(tags, s.rules.OwnerTags)
	}
	return s.owner
}
