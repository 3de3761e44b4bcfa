package notify

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// limits are the lengths in bytes beyond which a service refuses or cuts a
// message (shoutrrr's sources and the services' documentation), with room for
// what shoutrrr adds.
var limits = map[string]int{
	"discord":   5800, // three chunks of 2,000
	"lark":      4000,
	"ntfy":      4000, // 4,096, then it becomes an attachment
	"opsgenie":  14000,
	"pagerduty": 1000,
	"pushover":  1000,
	"signal":    1900,
	"telegram":  3500, // 4,096 with title and markup
	"wecom":     4000,
	"zulip":     9900,
}

// defaultLimit suits every other service, and a reader's patience.
const defaultLimit = 10000

func limitOf(rawURL string) int {
	if n, ok := limits[scheme(rawURL)]; ok {
		return n
	}
	return defaultLimit
}

const trimmed = "\n… (shortened: the service takes no longer message)"

// trim cuts text to limit bytes, at the end of a line where it can, and says so.
func trim(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := text[:limit-len(trimmed)]
	for len(cut) > 0 && !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	if end := strings.LastIndexByte(cut, '\n'); end > len(cut)/2 {
		cut = cut[:end]
	}
	return cut + trimmed
}

// untitled are the services to which shoutrrr gives no title, or that refuse
// the parameter.
var untitled = map[string]bool{
	"googlechat": true, "hangouts": true, "mattermost": true, "pagerduty": true, "rocketchat": true, "signal": true, "wecom": true,
}

// takesTitle reports whether the service shows a title of its own. The generic
// webhook does so only in its JSON template.
func takesTitle(rawURL string) bool {
	if scheme(rawURL) == "generic" {
		return strings.Contains(strings.ToLower(rawURL), "template=json")
	}
	return !untitled[scheme(rawURL)]
}

// mention matches what chats take for "wake everybody up". All of it is legal
// in the name or tag of an IAM user.
var mention = regexp.MustCompile(`(?i)[@!](everyone|here|channel|all|room|group)\b`)

// withoutMentions breaks such words with a zero-width space.
func withoutMentions(text string) string {
	return mention.ReplaceAllStringFunc(text, func(m string) string { return m[:1] + "\u200b" + m[1:] })
}
