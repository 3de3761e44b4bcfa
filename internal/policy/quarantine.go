package policy

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// quarantine is what is known of a user's quarantine.
type quarantine struct {
	policy  string // names of AWS's quarantine policies; empty: none, or unknown
	group   string // the user's group that it is attached to; empty: the user itself
	unknown string // why it is unknown; empty: it is known
}

// findQuarantine looks at the user's own policies and at its groups'. AWS
// attaches the policy to the user; somebody may have put such users in a group.
func (s *subject) findQuarantine() quarantine {
	own, ownKnown := s.user.ManagedPolicies.Get()
	if policy := quarantinePolicy(own); policy != "" {
		return quarantine{policy: policy}
	}
	groups, groupsKnown := s.user.Groups.Get()
	unlisted := ""
	for _, name := range groups {
		switch policy, ok := s.fenced[name]; {
		case policy != "":
			return quarantine{policy: policy, group: name}
		case !ok:
			unlisted = name
		}
	}
	switch {
	case !ownKnown:
		return quarantine{unknown: "the user's attached policies could not be read: " + s.user.ManagedPolicies.Why()}
	case !groupsKnown:
		return quarantine{unknown: "the user's groups could not be read: " + s.user.Groups.Why()}
	case unlisted != "" && s.fenced == nil:
		return quarantine{unknown: "the policies of the user's groups could not be read: " + s.groups.Why()}
	case unlisted != "":
		return quarantine{unknown: "the user's group " + unlisted + " was not among the groups listed"}
	}
	return quarantine{}
}

// quarantinePolicy returns the names of AWS's quarantine policies among ARNs,
// joined by "and": AWSCompromisedKeyQuarantine, …V2 or …V3, as an AWS managed policy (account
// "aws") of any partition. A customer's policy of the same name is not AWS's
// word. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
func quarantinePolicy(arns []string) string {
	const prefix = ":iam::aws:policy/"
	var names []string
	for _, arn := range arns {
		i := strings.Index(arn, prefix)
		if i < 0 {
			continue
		}
		if name := arn[i+len(prefix):]; strings.HasPrefix(name, "AWSCompromisedKeyQuarantine") {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}

// quarantineEvidence shows what the policy is attached to.
func quarantineEvidence(s *subject) Evidence {
	if s.quarantine.group == "" {
		return policiesEvidence(s)
	}
	return evidenceOf("policies of group "+s.quarantine.group, s.groups, func(groups []accesskey.Group) string {
		for _, g := range groups {
			if g.Name == s.quarantine.group {
				return listed(g.ManagedPolicies)
			}
		}
		return listed[string](nil)
	})
}
