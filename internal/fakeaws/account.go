package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// account is the state of one account.
type account struct {
	id        string
	partition string
	spec      AccountSpec // what never changes by itself; its lists are nil
	created   time.Time
	alias     string
	root      rootUser
	users     catalogue[*user]
	groups    catalogue[*group]
	roles     catalogue[*role]
	policies  catalogue[*policy]
	profiles  catalogue[*instanceProfile]
	oidc      []*oidcProvider // by URL
	report    report
	events    []Event                   // in order of time; what LookupEvents reads
	index     map[lookupAttribute][]int // their numbers, from 1, by name and by key
	dropped   int                       // events that were, before those
	queries   map[string]*athenaQuery
	lake      map[string]*lakeQuery
	data      []Event // data events of before the simulation began, in order of time
	reads     uint64  // of access keys, so far
	regions   map[string]*stores
	rulesOver map[string][]*organizationRule // of AWS Config over the organization, by region
}

type rootUser struct {
	keys         []*accessKey
	passwordUsed time.Time
	mfa          bool
	noPassword   bool
	certificates []CertificateSpec
}

// grants are the policies attached to a user, group or role itself.
type grants struct {
	kind     string            // user, group, role
	managed  []string          // ARNs, in the order of attachment
	inline   map[string]string // name → document
	boundary string            // ARN
}

type user struct {
	grants
	name, path, id string
	created        time.Time
	tags           map[string]string
	groups         []*group
	password       *password
	keys           []*accessKey
	deleted        []*accessKey // of which some replica may still tell
	devices        []device
	certificates   []CertificateSpec
	credentials    []ServiceCredentialSpec
	gone           bool
}

type password struct {
	PasswordSpec
	reset bool
}

// device is a multi-factor device; its serial number is an ARN or a hardware's.
type device struct {
	serial  string
	enabled time.Time
}

type group struct {
	grants
	name, path, id string
	created        time.Time
}

type role struct {
	grants
	name, path, id string
	created        time.Time
	trust          string
	description    string
	maxSession     time.Duration
	tags           map[string]string
	lastUsed       *KeyUse
	gone           bool
}

type policy struct {
	name, path, id, arn string
	description         string
	created, updated    time.Time
	versions            []policyVersion // in the order of creation
	serial              int             // of the newest version ever
	tags                map[string]string
}

type policyVersion struct {
	id, document string
	standard     bool // the default version
	created      time.Time
}

func (p *policy) document() string { return p.defaultVersion().document }

func (p *policy) defaultVersion() *policyVersion {
	for i := range p.versions {
		if p.versions[i].standard {
			return &p.versions[i]
		}
	}
	return &p.versions[0]
}

// AddAccount seeds an account. Where there is an organization already it joins
// that, and stack sets that deploy by themselves reach it.
func (a *AWS) AddAccount(s AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.lazy, s.ID)
	a.seed(s)
	a.joined(a.accounts[s.ID])
}

// AddLazyAccount announces an account that is seeded when it is first touched:
// by its number, by the ARN of one of its roles, or by a key whose ID carries
// its number (see KeyID; derived IDs do).
func (a *AWS) AddLazyAccount(id string, spec func() AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lazy[id] = spec
}

// AddListedAccount is AddLazyAccount for an account whose card, a description
// without users, is enough for Organizations' list of accounts: listing it
// doesn't seed it.
func (a *AWS) AddListedAccount(card AccountSpec, spec func() AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lazy[card.ID], a.cards[card.ID] = spec, card
}

// Accounts lists the numbers of all accounts, seeded or not yet, in order.
func (a *AWS) Accounts() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.accountIDs()
}

func (a *AWS) accountIDs() []string {
	ids := slices.AppendSeq(slices.Collect(maps.Keys(a.accounts)), maps.Keys(a.lazy))
	slices.Sort(ids)
	return ids
}

// accountByID finds an account, seeding it where it is lazy; nil: there is none.
func (a *AWS) accountByID(id string) *account {
	if spec := a.lazy[id]; spec != nil {
		delete(a.lazy, id)
		a.seed(spec())
	}
	return a.accounts[id]
}

// AdminKey is the first Active key of the user whom AccountSpec.Admin names;
// empty where there is none.
func (a *AWS) AdminKey(account string) (id, secret string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return "", ""
	}
	admin, ok := acct.users.get(acct.spec.Admin)
	if !ok {
		return "", ""
	}
	for _, k := range admin.keys {
		if k.status() == active {
			return k.id, k.secret
		}
	}
	return "", ""
}

func (acct *account) quota() int { return cmp.Or(acct.spec.KeyQuota, 2) }

func (acct *account) arn(service, resource string) string {
	return "arn:" + acct.partition + ":" + service + "::" + acct.id + ":" + resource
}

func (acct *account) userARN(u *user) string { return acct.arn("iam", "user"+u.path+u.name) }

func (acct *account) groupARN(g *group) string { return acct.arn("iam", "group"+g.path+g.name) }

func (acct *account) roleARN(r *role) string { return acct.arn("iam", "role"+r.path+r.name) }

// policyByARN finds a managed policy, the account's own or AWS's; nil: neither.
func (acct *account) policyByARN(arn string) *policy {
	if suffix, ok := strings.CutPrefix(arn, "arn:"+acct.partition+":iam::aws:policy/"); ok {
		return awsManaged(acct.partition, suffix)
	}
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	if p, ok := acct.policies.get(name); ok && p.arn == arn {
		return p
	}
	return nil
}

// attachments counts how often each managed policy is attached, and how often
// it is a boundary.
func (acct *account) attachments() (attached, bounding map[string]int) {
	attached, bounding = map[string]int{}, map[string]int{}
	count := func(g *grants) {
		for _, arn := range g.managed {
			attached[arn]++
		}
		if g.boundary != "" {
			bounding[g.boundary]++
		}
	}
	for _, u := range acct.users.byName {
		count(&u.grants)
	}
	for _, g := range acct.groups.byName {
		count(&g.grants)
	}
	for _, r := range acct.roles.byName {
		count(&r.grants)
	}
	return attached, bounding
}

// newKey makes an access key that is Active from now on.
func (a *AWS) newKey(acct *account, owner *user, now time.Time) *accessKey {
	id := keyID("AKIA", acct.id, a.random.next())
	for a.keys[id] != nil {
		id = keyID("AKIA", acct.id, a.random.next())
	}
	k := &accessKey{id: id, secret: secretOf(a.random.next()), account: acct, owner: owner, created: second(now)}
	k.changes = []keyChange{{now, active}}
	a.keys[id] = k
	return k
}

// derived is a repeatable number for the n-th thing of somebody in an account.
func derived(acct *account, owner string, n int, what string) uint64 {
	return hash(acct.id, owner, strconv.Itoa(n), what)
}
