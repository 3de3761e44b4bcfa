package notify

import (
	"net/url"
	"regexp"
	"sort"
	"strings"
)

// hidden stands where something was left out.
const hidden = "…"

// hostIsHost are the services whose URL has a real host in the host's place.
// With the others a token may stand there (pushbullet://TOKEN, ifttt://KEY).
var hostIsHost = map[string]bool{
	"bark": true, "generic": true, "gotify": true, "http": true, "https": true, "matrix": true, "mattermost": true,
	"ntfy": true, "rocketchat": true, "signal": true, "smtp": true, "zulip": true,
}

// Redact returns rawURL without anything that may be secret: the service and,
// where it is one, the host. "slack://…", "generic+https://hooks.example.com/…".
func Redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" {
		return "the URL given"
	}
	if !hostIsHost[scheme(rawURL)] || u.Host == "" {
		return u.Scheme + "://" + hidden
	}
	return u.Scheme + "://" + u.Host + "/" + hidden
}

// scheme returns the service's name: "generic" of "generic+https://…".
func scheme(rawURL string) string {
	name, _, _ := strings.Cut(rawURL, ":")
	name, _, _ = strings.Cut(name, "+")
	return strings.ToLower(name)
}

var urlInText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

// scrub takes every URL and every part of rawURL out of a message, however it
// is spelt: services build other URLs from the parts.
func scrub(rawURL, message string) string {
	message = urlInText.ReplaceAllStringFunc(message, hostOnly)
	for _, part := range secretParts(rawURL) {
		message = strings.ReplaceAll(message, part, hidden)
	}
	return message
}

// hostOnly redacts a URL found in an error text. A service's own endpoint
// (https://api.example.com/TOKEN) keeps its host.
func hostOnly(found string) string { return Redact(strings.TrimRight(found, ":,.;")) }

// shortestSecret is the length below which a part of a URL is not taken for a
// secret: replacing "v1" or "me" everywhere would garble the message.
const shortestSecret = 5

// secretParts returns what in rawURL could be secret, longest first: user,
// password, path, query, host where it is none, and their fragments.
func secretParts(rawURL string) []string {
	parts := []string{rawURL}
	if u, err := url.Parse(rawURL); err == nil {
		parts = append(parts, partsOf(u)...)
	} else {
		_, rest, _ := strings.Cut(rawURL, "://")
		parts = append(parts, fragments(rest)...)
	}
	long := parts[:0]
	for _, p := range parts {
		if len(p) >= shortestSecret {
			long = append(long, p)
		}
	}
	sort.SliceStable(long, func(i, j int) bool { return len(long[i]) > len(long[j]) })
	return long
}

func partsOf(u *url.URL) []string {
	var parts []string
	add := func(s string) {
		parts = append(parts, s, url.QueryEscape(s), url.PathEscape(s))
		parts = append(parts, fragments(s)...)
	}
	if u.User != nil {
		add(u.User.Username())
		password, _ := u.User.Password()
		add(password)
	}
	add(strings.Trim(u.Path, "/"))
	add(u.RawQuery)
	add(u.Fragment)
	add(u.Opaque)
	if !hostIsHost[scheme(u.Scheme+":")] {
		add(u.Host)
		add(u.Hostname())
	}
	for _, values := range u.Query() {
		for _, v := range values {
			add(v)
		}
	}
	return parts
}

// fragments splits where shoutrrr's tokens are split (hook:T0-B0-xyz).
func fragments(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/:@-,;&=?#", r) })
}
