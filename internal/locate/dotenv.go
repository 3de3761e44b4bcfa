package locate

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// variable is one NAME=value of a dotenv file or of the environment.
type variable struct {
	name, value string
	line        int
}

// environment looks at every variable of the process: keys hide under names
// other than AWS's own (TF_VAR_…, PROD_AWS_ACCESS_KEY_ID).
func (c *collection) environment(environ []string) {
	var variables []variable
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" {
			variables = append(variables, variable{name: name, value: value})
		}
	}
	for _, s := range keysAmong(variables) {
		c.add(s)
	}
}

// readDotenv reads NAME=value lines as docker, direnv and their like do:
// optional "export", single and double quotes (which may span lines), comments.
func readDotenv(text string) ([]sighting, []Problem) {
	var variables []variable
	var problems []Problem
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		name, value, ok := assignment(lines[i])
		if !ok {
			problems = append(problems, Problem{Line: i + 1, Reason: "not NAME=value", Unread: true})
			continue
		}
		if name == "" {
			continue
		}
		v := variable{name: name, line: i + 1}
		var used int
		v.value, used, ok = dotenvValue(value, lines[i+1:])
		if !ok {
			problems = append(problems, Problem{Line: v.line, Reason: "quote that is never closed", Unread: true})
		}
		i += used
		variables = append(variables, v)
	}
	found := keysAmong(variables)
	for i := range found {
		found[i].format = AsVariable
	}
	return found, problems
}

// assignment splits a line; an empty name means a blank line or a comment.
func assignment(line string) (name, value string, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", true
	}
	line = strings.TrimPrefix(line, "export ")
	name, value, ok = strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
		return "", "", false
	}
	return name, strings.TrimSpace(value), true
}

// dotenvValue unquotes a value that may run over the following lines, and says
// how many of them it used.
func dotenvValue(value string, following []string) (text string, used int, closed bool) {
	if value == "" || (value[0] != '"' && value[0] != '\'') {
		return withoutComment(value), 0, true
	}
	quote, rest := value[:1], value[1:]
	if text, _, closed = strings.Cut(rest, quote); closed {
		return text, 0, true
	}
	for i, line := range following {
		if end, _, found := strings.Cut(line, quote); found {
			return strings.Join(append([]string{rest}, append(following[:i:i], end)...), "\n"), i + 1, true
		}
	}
	return rest, 0, false
}

// keysAmong returns the variables that hold an access key ID, each with the
// secret and the session token that its name leads to.
func keysAmong(variables []variable) []sighting {
	byName := map[string]string{}
	for _, v := range variables {
		byName[strings.ToUpper(v.name)] = v.value
	}
	var found []sighting
	for _, v := range variables {
		id, err := accesskey.ParseID(strings.TrimSpace(v.value))
		if err != nil || len(id) > longestID {
			continue
		}
		name := strings.ToUpper(v.name)
		found = append(found, sighting{
			id:     id,
			place:  Place{Line: v.line, Name: v.name},
			secret: firstOf(byName, name, secretNames),
			token:  firstOf(byName, name, tokenNames),
		})
	}
	return found
}

// longestID keeps words in capitals that happen to begin with AKIA out: IAM's
// pattern allows 128 characters, keys have 20.
const longestID = 32

// How the name of a key ID's variable becomes that of its companion, the most
// specific first: AWS_ACCESS_KEY_ID → AWS_SECRET_ACCESS_KEY, S3_ACCESS_KEY →
// S3_SECRET_KEY, ….
var (
	secretNames = [][2]string{
		{"ACCESS_KEY_ID", "SECRET_ACCESS_KEY"},
		{"ACCESS_KEY_ID", "SECRET_KEY"},
		{"ACCESS_KEY", "SECRET_ACCESS_KEY"},
		{"ACCESS_KEY", "SECRET_KEY"},
		{"ACCESS_KEY", "ACCESS_SECRET"},
		{"KEY_ID", "SECRET"},
		{"KEY_ID", "SECRET_KEY"},
		{"ACCESSKEYID", "SECRETACCESSKEY"},
		{"KEY", "SECRET"},
	}
	tokenNames = [][2]string{
		{"ACCESS_KEY_ID", "SESSION_TOKEN"},
		{"ACCESS_KEY_ID", "SECURITY_TOKEN"},
		{"ACCESS_KEY", "SESSION_TOKEN"},
	}
)

func firstOf(byName map[string]string, name string, renames [][2]string) string {
	for _, rename := range renames {
		if !strings.Contains(name, rename[0]) {
			continue
		}
		if value := byName[strings.Replace(name, rename[0], rename[1], 1)]; value != "" {
			return value
		}
	}
	return ""
}
