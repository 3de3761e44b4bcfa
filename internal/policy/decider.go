package policy

import "strings"

// MayDecide reports whether a caller, by its ARN as STS tells it, is among those
// who may approve. * in a name stands for anything. A session of an assumed role
// (arn:aws:sts::…:assumed-role/NAME/SESSION) is the role too
// (arn:aws:iam::…:role/NAME); STS doesn't tell a role's path, so that of a name
// without * is not compared: names of roles are unique in an account.
func MayDecide(caller string, deciders []string) bool {
	if caller == "" {
		return false
	}
	role := roleOf(caller)
	for _, d := range deciders {
		if like(caller, d) || role != "" && like(role, withoutPath(d)) {
			return true
		}
	}
	return false
}

// roleOf is the role of a session; empty where the caller is none.
func roleOf(caller string) string {
	parts := strings.SplitN(caller, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return ""
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	name, _, _ := strings.Cut(rest, "/")
	if kind != "assumed-role" || name == "" {
		return ""
	}
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + name
}

// withoutPath is a role's ARN as roleOf spells it. A path with * in it is part
// of what is meant, and stays.
func withoutPath(decider string) string {
	head, path, isRole := strings.Cut(decider, ":role/")
	if !isRole || strings.Contains(path, "*") {
		return decider
	}
	return head + ":role/" + path[strings.LastIndexByte(path, '/')+1:]
}

// like reports whether text is what the pattern means, * being anything.
func like(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return text == pattern
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}
