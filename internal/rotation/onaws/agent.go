package onaws

import (
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// tokenOf finds the claim's token that an event carries: in the application ID
// of its user agent, else in the name of the caller's role session.
func tokenOf(e awsapi.Event) string {
	for _, part := range agentParts(e.UserAgent) {
		if token, ours := strings.CutPrefix(part, "app/"+mark); ours {
			return token
		}
	}
	token, ours := strings.CutPrefix(e.Session(), mark)
	if !ours {
		return ""
	}
	return token
}

// proving reports that an event is one of our own proofs.
func proving(e awsapi.Event) bool {
	for _, part := range agentParts(e.UserAgent) {
		if part == "app/"+ProofMark {
			return true
		}
	}
	return false
}

// agentParts takes a user agent apart; some services write it in brackets.
func agentParts(agent string) []string { return strings.Fields(strings.Trim(agent, "[]")) }

// agentOf is a user agent without what differs from release to release and from
// call to call, so that one consumer stays one place: AWS's SDKs tell products,
// operating system, language, execution environment and application.
// Parentheses are comments.
func agentOf(agent string) string {
	var kept []string
	depth := 0
	for _, part := range agentParts(agent) {
		depth += strings.Count(part, "(")
		inside := depth > 0
		depth -= min(depth, strings.Count(part, ")"))
		if word := agentWord(part); !inside && word != "" {
			kept = append(kept, word)
		}
	}
	if len(kept) == 0 {
		return strings.TrimSpace(agent)
	}
	return strings.Join(kept, " ")
}

// agentWord is what is kept of one part: name/version is a product.
func agentWord(part string) string {
	name, value, pair := strings.Cut(part, "/")
	value, _, _ = strings.Cut(value, "#")
	switch {
	case !pair:
		return part
	case name == "app" && strings.HasPrefix(value, "keytend"):
		return rotation.OwnAgent
	case name == "exec-env":
		return name + "/" + strings.TrimRight(value, ".0123456789") // AWS_Lambda_python3.13
	case name == "app", name == "os", name == "lang":
		return name + "/" + value
	case name == "md", name == "ua", name == "api", name == "cfg", name == "ft", name == "m", name == "lib":
		return ""
	}
	return name
}
