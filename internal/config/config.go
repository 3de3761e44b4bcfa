// Package config reads the policy file, keytend.yaml, and says what it means
// for one user's keys. What is unknown, misspelt, doubtful or can't be met is
// an error with its line; the empty file means AWS's own recommendations,
// observe only.
//
// It never acts, never reads AWS or a clock, and never takes an unread fact for
// an answer. Files are read through a function that it is given.
package config

import (
	"path/filepath"
	"sync/atomic"
)

// DefaultFile is where the policy is looked for.
const DefaultFile = "keytend.yaml"

// Policy is one policy file. What was not written has its default. It is not
// changed once loaded, and safe for concurrent use.
type Policy struct {
	Settings `yaml:",inline"`
	// Accounts says which AWS accounts are looked at. None: the account of the credentials in use.
	Accounts Accounts `yaml:"accounts"`
	// Overrides are other settings for some keys, in order: a later one wins, field by field.
	Overrides []Override `yaml:"overrides"`
	// Exemptions leave some keys alone until a date.
	Exemptions []Exemption `yaml:"exemptions"`
	// Admins are the users that may be changed although they are admin-like. All other admin-like users are left out.
	Admins []Admin `yaml:"admins"`
	// Except names users that are always left out, by name or by tag (TAG or TAG=VALUE), such as those made for emergencies.
	Except []string `yaml:"except"`
	// Owners says who is told about whose keys.
	Owners Owners `yaml:"owners"`
	// Budgets bound how much is under way at the same time.
	Budgets Budgets `yaml:"budgets"`
	// Ramp lets the keys that are overdue on its first day be worked off a few a week.
	Ramp *Ramp `yaml:"ramp"`
	// Notices says how and when people are told.
	Notices Notices `yaml:"notices"`
	// Gate is asked before each change, for change management.
	Gate *Gate `yaml:"gate"`
	// Managed says where to look for keys that something else looks after.
	Managed Managed `yaml:"managed"`

	file     string
	where    places // of every field that was written
	warnings []Problem
	except   Exceptions
	owned    ownersTable
	combos   combinations
	last     atomic.Pointer[drawn]
}

// Checks are what other rooms know of parts of the file. Nil: not checked.
type Checks struct {
	Destination func(name string) error // of a destination, its placeholders filled in
	Channel     func(url string) error  // of a notice channel's URL
	Account     func(term string) error // of accounts.organization.include and exclude
}

// Default is the policy of the empty file.
func Default() *Policy {
	p, err := Load(DefaultFile, func(string) ([]byte, error) { return nil, nil })
	if err != nil {
		panic(err) // the empty file is read in every test
	}
	return p
}

// Load reads a policy. Read is os.ReadFile or the like; files that the policy
// names are relative to its folder. Every problem is reported, not the first
// alone: the error is a Problems unless the file itself can't be read.
func Load(path string, read func(string) ([]byte, error), checks ...Checks) (*Policy, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: filepath.ToSlash(path), where: places{}, bad: map[string]bool{}}
	p := &Policy{Settings: defaultSettings(), Except: DefaultExcept(), Notices: defaultNotices(), file: d.file, where: d.where}
	if root := d.parse(data); root != nil {
		d.document(root, p)
	}
	v := &validator{decoder: d, policy: p, read: read, folder: filepath.Dir(path)}
	for _, c := range checks {
		v.checks = c
	}
	if !d.unreadable {
		v.all()
	}
	p.except, p.warnings = ParseExcept(p.Except), sorted(v.warnings)
	if len(d.problems) > 0 {
		return nil, sorted(d.problems)
	}
	return p, nil
}

// File is the path that the policy was loaded from, with forward slashes.
func (p *Policy) File() string { return p.file }

// Warnings are what is allowed and yet looks like a mistake.
func (p *Policy) Warnings() []Problem { return p.warnings }
