package iampolicy

import "strings"

// reach is how closely a resource-based policy names a caller. A statement
// that names the account only lets that account's own policies decide; one
// that names the caller grants by itself within the account.
type reach int

const (
	notNamed reach = iota
	namedAccount
	named        // the user, the role, or everybody
	namedSession // the very session: not even boundary and session policy limit it
)

func (e *evaluation) reach(s *Statement) reach {
	if len(s.NotPrincipals) > 0 {
		for _, p := range s.NotPrincipals {
			if e.caller.is(p) != notNamed {
				return notNamed
			}
		}
		return named
	}
	best := notNamed
	for _, p := range s.Principals {
		best = max(best, e.caller.is(p))
	}
	return best
}

func (c Caller) is(p Principal) reach {
	switch p.Kind {
	case "*":
		return named
	case "AWS":
		return c.isAWS(p.Value)
	case "Service":
		return whether(c.Service != "" && strings.EqualFold(c.Service, p.Value))
	case "Federated":
		return whether(c.IdP != "" && c.IdP == p.Value)
	}
	return notNamed
}

func (c Caller) isAWS(value string) reach {
	switch {
	case c.Service != "":
		return notNamed
	case value == "*":
		return named
	case value == c.ARN && c.RoleARN != "":
		return namedSession
	case value == c.ARN, c.RoleARN != "" && value == c.RoleARN:
		return named
	case c.Account != "" && (value == c.Account || isRootOf(value, c.Account)):
		return namedAccount
	}
	return notNamed
}

// isRootOf reports whether arn is arn:PARTITION:iam::ACCOUNT:root, which in a
// policy means the account, not its root user.
func isRootOf(arn, account string) bool {
	parts := strings.SplitN(arn, ":", arnParts)
	return len(parts) == arnParts && parts[2] == "iam" && parts[4] == account && parts[5] == "root"
}

func whether(yes bool) reach {
	if yes {
		return named
	}
	return notNamed
}
