// Package locate finds where an access key lives: on this machine (the AWS
// credentials and config files, the environment, files and folders that it is
// pointed at, the history of git repositories), in what AWS's services run and
// keep, in Kubernetes, in Terraform's state.
//
// It looks for the ID, which is no secret. It reads only, never writes, and never
// puts a secret into what it returns as text: of what stands beside an ID nothing
// is kept but, on this machine, an accesskey.Secret, used for nothing but asking
// AWS whose key it is.
package locate

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// Machine is what FindLocal may look at. Nothing is read from anywhere else.
type Machine struct {
	Environ []string // NAME=value, as os.Environ gives it
	Home    string   // the user's home directory; empty: unknown
	Files   []string // dotenv, credentials or console .csv files to read as well
}

// LocalKey is one distinct key found on this machine.
type LocalKey struct {
	ID     accesskey.ID
	Places []Place // at least one; in the order in which they were read

	// Secret and Token are the first found beside the ID; often empty.
	Secret accesskey.Secret
	Token  accesskey.Secret
	// SecretsDiffer says that two places hold different secrets for this ID:
	// at least one of them can't work.
	SecretsDiffer bool
}

// Place is where a key was found.
type Place struct {
	Path string // empty: the environment
	Line int    // 1-based; 0 in the environment
	Name string // the profile or the variable; empty where the format has none
}

// Problem is something about a file that its owner should know: it can't be
// read, a line makes no sense, others may read it. It never quotes the file.
type Problem struct {
	Path   string
	Line   int // 0: the whole file
	Reason string
	// Unread says that keys may have been missed because of it.
	Unread bool
}

// Local is what FindLocal found.
type Local struct {
	Keys     []LocalKey // by ID
	Problems []Problem
	Searched []string // files that exist and were looked at
}

// FindLocal looks for access keys on a machine. The two AWS files are where
// AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say, or else in ~/.aws; it
// is fine if they don't exist. A file named in m.Files must exist.
func FindLocal(m Machine) Local {
	var found collection
	found.environment(m.Environ)
	for _, path := range m.awsFiles() {
		found.file(path, false)
	}
	for _, path := range m.Files {
		found.file(path, true)
	}
	return found.local()
}

// awsFiles returns the credentials and the config file:
// https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
func (m Machine) awsFiles() []string {
	var paths []string
	for _, file := range []struct{ variable, name string }{
		{"AWS_SHARED_CREDENTIALS_FILE", "credentials"},
		{"AWS_CONFIG_FILE", "config"},
	} {
		switch path := m.variable(file.variable); {
		case path != "":
			paths = append(paths, m.expand(path))
		case m.Home != "":
			paths = append(paths, filepath.Join(m.Home, ".aws", file.name))
		}
	}
	return paths
}

func (m Machine) variable(name string) string {
	for _, entry := range m.Environ {
		if key, value, _ := strings.Cut(entry, "="); key == name {
			return value
		}
	}
	return ""
}

// expand resolves a leading ~ as the AWS SDKs do.
func (m Machine) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && m.Home != "" && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		return filepath.Join(m.Home, rest)
	}
	return path
}

// collection gathers sightings and merges those of the same key.
type collection struct {
	keys     []LocalKey
	problems []Problem
	searched []string
}

// sighting is one key in one place, as a reader of a format saw it.
type sighting struct {
	id     accesskey.ID
	place  Place
	format Format
	secret string
	token  string
}

func (c *collection) add(s sighting) {
	i := slices.IndexFunc(c.keys, func(k LocalKey) bool { return k.ID == s.id })
	if i < 0 {
		c.keys = append(c.keys, LocalKey{ID: s.id})
		i = len(c.keys) - 1
	}
	key := &c.keys[i]
	if slices.Contains(key.Places, s.place) {
		return // one file, given twice
	}
	key.Places = append(key.Places, s.place)
	switch {
	case s.secret == "":
	case key.Secret.Empty():
		key.Secret, key.Token = accesskey.NewSecret(s.secret), accesskey.NewSecret(s.token)
	case key.Secret.Reveal() != s.secret:
		key.SecretsDiffer = true
	}
}

func (c *collection) local() Local {
	slices.SortStableFunc(c.keys, func(a, b LocalKey) int { return cmp.Compare(a.ID, b.ID) })
	return Local{Keys: c.keys, Problems: c.problems, Searched: c.searched}
}
