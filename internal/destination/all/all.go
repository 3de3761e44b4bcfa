// Package all lists every kind of destination there is and opens one by its
// name, KIND:WHERE. It knows nothing else about them.
package all

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/destination/credentialsfile"
	"github.com/keytend/keytend/internal/destination/dotenv"
	"github.com/keytend/keytend/internal/destination/exec"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/rotation"
)

// Surroundings are what destinations need from outside.
type Surroundings struct {
	Home    string   // the user's directory, for ~; empty: unknown
	Folder  string   // what relative paths are relative to
	Locks   string   // a folder for locks on files
	Environ []string // NAME=value, for programs

	User       string // whose key it is, where a place that is empty is to say so
	Region     string // of a secret or parameter whose name says none
	Secrets    func(region string) secretsmanager.Store
	Parameters func(region string) ssm.Store
}

// kind is one kind of destination.
type kind struct {
	name  string
	where string // what comes after the colon, for people
	what  string // one line for people
	path  bool   // it begins with a path, which may be relative or under ~
	open  func(where string, s Surroundings) (rotation.Destination, error)
}

// kinds are all there are; there is no other registration.
var kinds = []kind{
	{secretsmanager.Kind, "NAME-OR-ARN", "a secret of AWS Secrets Manager", false,
		func(where string, s Surroundings) (rotation.Destination, error) {
			return secretsmanager.Open(where, secretsmanager.Surroundings{User: s.User, Region: s.Region, Store: s.Secrets})
		}},
	{ssm.Kind, "NAME", "a SecureString of AWS Systems Manager Parameter Store", false,
		func(where string, s Surroundings) (rotation.Destination, error) {
			return ssm.Open(where, ssm.Surroundings{User: s.User, Region: s.Region, Store: s.Parameters})
		}},
	{credentialsfile.Kind, "PATH#PROFILE", "one profile of an AWS credentials file", true,
		func(where string, s Surroundings) (rotation.Destination, error) {
			return credentialsfile.Open(where, s.Locks)
		}},
	{dotenv.Kind, "PATH#PREFIX", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of a dotenv file", true,
		func(where string, s Surroundings) (rotation.Destination, error) { return dotenv.Open(where, s.Locks) }},
	{exec.Kind, "PROGRAM", "your own program, which gets JSON on standard input", true,
		func(where string, s Surroundings) (rotation.Destination, error) { return exec.Open(where, s.Environ) }},
}

// Open opens the destination of a name.
func Open(name string, s Surroundings) (rotation.Destination, error) {
	k, where, err := parse(name)
	if err != nil {
		return nil, err
	}
	if k.path {
		where = absolute(where, k.name == exec.Kind, s)
	}
	d, err := k.open(where, s)
	if err != nil {
		return nil, fmt.Errorf("destination %s: %w", name, err)
	}
	return d, nil
}

// Name returns what a destination is called on record, so that it can be opened
// from any other folder: paths are absolute.
func Name(name string, s Surroundings) (string, error) {
	d, err := Open(name, s)
	if err != nil {
		return "", err
	}
	return d.Name(), nil
}

func parse(name string) (kind, string, error) {
	word, where, found := strings.Cut(name, ":")
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == word })
	if !found || i < 0 || where == "" {
		return kind{}, "", fmt.Errorf("destination %q: want %s", name, strings.Join(Forms(), ", "))
	}
	return kinds[i], where, nil
}

// Forms are the forms of names, "dotenv:PATH#PREFIX".
func Forms() []string {
	var forms []string
	for _, k := range kinds {
		forms = append(forms, k.name+":"+k.where)
	}
	return forms
}

// Help is a line on each kind.
func Help() string {
	var b strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&b, "  %-30s %s\n", k.name+":"+k.where, k.what)
	}
	return b.String()
}

// absolute makes a path one that means the same everywhere. The shell doesn't
// expand a ~ that follows a colon. A program without a folder is looked for in
// PATH.
func absolute(where string, program bool, s Surroundings) string {
	path, rest, found := strings.Cut(where, "#")
	if program {
		path, rest, found = where, "", false
	}
	switch {
	case program && !strings.ContainsAny(path, `/\`):
		return path
	case strings.HasPrefix(path, "~/") && s.Home != "":
		path = filepath.Join(s.Home, path[2:])
	case !filepath.IsAbs(path):
		path = filepath.Join(s.Folder, path)
	}
	path = filepath.Clean(path)
	if found {
		return path + "#" + rest
	}
	return path
}
