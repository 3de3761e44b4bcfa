package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// advice is what to do about a rule, in the order in which it is worth doing.
var advice = []struct {
	rules []policy.Rule
	text  string
}{
	{
		[]policy.Rule{policy.KeyQuarantined},
		"Treat quarantined keys as leaked: AWS has seen them in public. Deactivate them now, then read in CloudTrail what they did.",
	},
	{
		[]policy.Rule{policy.RootAccessKey},
		"Delete the root user's access keys: sign in as the root user, Security credentials. No job needs them.",
	},
	{
		[]policy.Rule{policy.KeyUnused, policy.KeyNeverUsed, policy.ConsoleKeyAtSetup},
		"Deactivate keys that nobody uses, and delete them some weeks later: a deactivated key can be revived, a deleted one cannot.",
	},
	{
		[]policy.Rule{policy.KeyTooOld, policy.KeyDueSoon},
		"Replace old keys that are in use: create the second key, move whoever uses the first, watch its last use, deactivate it, delete it.",
	},
	{
		[]policy.Rule{policy.MultipleActiveKeys},
		"Where a user has several active keys, find the one in use and deactivate the others.",
	},
	{
		[]policy.Rule{policy.InactiveKey},
		"Delete inactive keys that nobody has missed.",
	},
}

// steps returns what to do next, for what was found.
func steps(s *gist) []string {
	var texts []string
	for _, a := range advice {
		for _, rule := range a.rules {
			if s.byRule[rule] {
				texts = append(texts, a.text)
				break
			}
		}
	}
	return texts
}

// explainCommand is the command that tells all about the first finding that it
// can tell more about; empty where there is none.
func explainCommand(findings []policy.Finding, o Options) string {
	for _, f := range findings {
		switch {
		case f.KeyID != "":
			return "keytend explain " + o.explaining() + shellWord(string(f.KeyID))
		case f.User != "" && f.User != policy.RootUser && o.Explain == "":
			return "keytend explain " + shellWord(f.User)
		}
	}
	return ""
}

// whereabouts are the commands that tell where a key that is to be replaced lives,
// and who uses it; empty where none is.
func whereabouts(findings []policy.Finding, o Options) string {
	for _, f := range findings {
		if replaced(f.Rule) && f.KeyID != "" {
			return lookFor(f.KeyID, o)
		}
	}
	return ""
}

// replaced reports whether a rule asks for a new key: the places of the old one are
// to be known before.
func replaced(rule policy.Rule) bool { return rule == policy.KeyTooOld || rule == policy.KeyDueSoon }

// lookFor names the commands for one key. In many accounts it is all keys that are
// looked for, and usage asks one account alone.
func lookFor(id accesskey.ID, o Options) string {
	if o.Explain != "" {
		return "Where keys live: keytend locate " + o.explaining() + "--all"
	}
	return "Where it lives: keytend locate " + string(id) + " · who uses it: keytend usage " + string(id)
}

var plainWord = regexp.MustCompile(`^[\w+=,.@:/-]+$`)

// shellWord quotes s for a POSIX shell where it needs that.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
}

// remedyPage is AWS's own procedure for a rule.
func remedyPage(rule policy.Rule) string {
	if rule == policy.RootAccessKey {
		return "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html"
	}
	return "https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"
}

// remedy is what to do about a rule; empty for one that isn't Keytend's to mend.
func remedy(rule policy.Rule) string {
	for _, a := range advice {
		if slices.Contains(a.rules, rule) {
			return a.text
		}
	}
	return ""
}
