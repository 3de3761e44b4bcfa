package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// State is how a user or key stands to a rule.
type State string

// The states.
const (
	Broken  State = "broken"
	Kept    State = "kept"    // also where the rule does not apply; the sentence says so
	Unknown State = "unknown" // a fact that would decide it could not be read
)

// Explanation is everything known about one user and why it is or isn't a
// finding.
type Explanation struct {
	Account    accesskey.Account
	User       string // RootUser for the root user
	UserARN    string
	ObservedAt time.Time // UTC, of the inventory
	Now        time.Time // UTC, the time it was judged at

	Owner      string // empty: none or unknown
	OwnerWhy   string // how it was derived: which tag, or why there is none
	Privileged bool
	Privilege  string // one sentence: why admin-like, that it is not, or why unknown

	Facts      []Evidence // of the user
	Keys       []ExplainedKey
	Judgements []Judgement // about the user as a whole, and rules with nothing to judge
}

// ExplainedKey is one key's share of an Explanation.
type ExplainedKey struct {
	ID         accesskey.ID // empty: not looked up
	Name       string       // the ID, or "key created …" where there is none
	Facts      []Evidence
	Judgements []Judgement // every rule about keys, in order
}

// Judgement is one rule applied.
type Judgement struct {
	Rule    Rule
	State   State
	Why     string   // one sentence
	Finding *Finding // where Broken, else nil
}

// Explain applies every rule to one user of the inventory, or to Root(inv), and
// says of each why it is broken, kept or unknown. Its findings are those of
// Findings, ranked among themselves.
func Explain(inv accesskey.Inventory, user accesskey.User, r Rules, now time.Time) Explanation {
	s := newSubject(&inv, &r, now)
	s.setUser(&user)
	e := Explanation{
		Account: inv.Account, User: user.Name, UserARN: user.ARN,
		ObservedAt: inv.ObservedAt, Now: s.now,
		Privileged: s.privileged(), Privilege: privilegeSentence(s),
		Facts: userFacts(s),
	}
	e.Owner, e.OwnerWhy = ownerOf(&user, r.OwnerTags)
	keys, _ := user.Keys.Get()
	e.Keys = make([]ExplainedKey, len(keys))
	for i := range keys {
		s.setKey(&keys[i])
		id, _ := keys[i].ID.Get()
		e.Keys[i] = ExplainedKey{
			ID: id, Name: keyName(&keys[i]), Judgements: s.judgements(aKey),
			Facts: []Evidence{idEvidence(s), statusEvidence(s), createdEvidence(s), lastUsedEvidence(s)},
		}
	}
	s.key = keyFacts{}
	e.Judgements = s.userJudgements()
	e.shareFindings()
	return e
}

// Key returns the explanation narrowed to one key, with what is said of its
// user as a whole. It reports whether the user has the key.
func (e Explanation) Key(id accesskey.ID) (Explanation, bool) {
	i := slices.IndexFunc(e.Keys, func(k ExplainedKey) bool { return id != "" && k.ID == id })
	if i < 0 {
		return Explanation{}, false
	}
	e.Keys = e.Keys[i : i+1 : i+1]
	return e, true
}

// Findings returns the broken rules of an explanation, first things first.
func (e Explanation) Findings() []Finding {
	var found []Finding
	for _, f := range e.broken() {
		found = append(found, *f)
	}
	Rank(found)
	return found
}

// broken returns the findings of the keys, then of the user.
func (e *Explanation) broken() []*Finding {
	var found []*Finding
	add := func(judgements []Judgement) {
		for _, j := range judgements {
			if j.Finding != nil {
				found = append(found, j.Finding)
			}
		}
	}
	for _, k := range e.Keys {
		add(k.Judgements)
	}
	add(e.Judgements)
	return found
}

// shareFindings numbers and ranks the findings as Findings does.
func (e *Explanation) shareFindings() {
	pointers := e.broken()
	found := make([]Finding, len(pointers))
	for i, f := range pointers {
		found[i] = *f
	}
	number(found)
	for i, f := range pointers {
		*f = found[i]
	}
	for rank, f := range slices.SortedFunc(slices.Values(pointers), before) {
		f.Rank = rank + 1
	}
}

// judgements applies every check of a scope to what the subject is set to.
func (s *subject) judgements(of scope) []Judgement {
	var list []Judgement
	for i := range checks {
		if checks[i].of == of {
			list = append(list, s.judgement(&checks[i]))
		}
	}
	return list
}

func (s *subject) judgement(c *check) Judgement {
	if !c.whom.includes(s.root) {
		return Judgement{Rule: c.rule, State: Kept, Why: "does not apply: " + c.about()}
	}
	v := c.judge(s)
	j := Judgement{Rule: c.rule, State: v.state, Why: v.say(s)}
	if v.state == Broken {
		f := s.finding(c, v)
		j.Finding = &f
	}
	return j
}

// about says whom a check is about that leaves out somebody.
func (c *check) about() string {
	switch {
	case c.whom == rootUser:
		return "the rule is about the root user"
	case c.rule.ReportOnly():
		return "the rule is about IAM users"
	}
	return "the rule is about IAM users' keys; " + string(RootAccessKey) + " judges the root user's"
}

// userJudgements are the rules about the user, its certificates and its
// credentials, and those about keys where there is none to judge.
func (s *subject) userJudgements() []Judgement {
	keys, ok := s.user.Keys.Get()
	list := s.nothingToJudge(aKey, len(keys), ok, "access key", s.user.Keys.Why())
	list = append(list, s.judgements(aUser)...)

	certificates, ok := s.user.SigningCertificates.Get()
	list = append(list, s.nothingToJudge(aCertificate, len(certificates), ok, "signing certificate", s.user.SigningCertificates.Why())...)
	for i := range certificates {
		s.certificate = &certificates[i]
		list = append(list, s.judgements(aCertificate)...)
	}
	s.certificate = nil

	credentials, ok := s.user.ServiceCredentials.Get()
	list = append(list, s.nothingToJudge(aCredential, len(credentials), ok, "service-specific credential", s.user.ServiceCredentials.Why())...)
	for i := range credentials {
		s.credential = &credentials[i]
		list = append(list, s.judgements(aCredential)...)
	}
	s.credential = nil
	return list
}

// nothingToJudge says of every rule of a scope that there is nothing to apply
// it to, or that it is unknown whether there is.
func (s *subject) nothingToJudge(of scope, n int, known bool, thing, why string) []Judgement {
	if n > 0 {
		return nil
	}
	var list []Judgement
	for i := range checks {
		c := &checks[i]
		switch {
		case c.of != of:
		case !c.whom.includes(s.root):
			list = append(list, s.judgement(c))
		case known:
			list = append(list, Judgement{Rule: c.rule, State: Kept, Why: "the user has no " + thing})
		default:
			list = append(list, Judgement{Rule: c.rule, State: Unknown, Why: "whether the user has " + article(thing) + " could not be read: " + why})
		}
	}
	return list
}

// privilegeSentence says why the user is admin-like, that it is not, or why
// that is unknown.
func privilegeSentence(s *subject) string {
	p, ok := s.user.Privilege.Get()
	switch {
	case !ok:
		return "unknown: " + s.user.Privilege.Why()
	case !p.Admin:
		return "not admin-like: no policy read lets it do everything or give itself that right"
	}
	return p.Why
}

// userFacts are the facts about the user, with their freshness.
func userFacts(s *subject) []Evidence {
	u := s.user
	return []Evidence{
		userCreatedEvidence(s),
		evidenceOf("tags", u.Tags, tagsValue),
		evidenceOf("groups", u.Groups, listed),
		policiesEvidence(s),
		privilegeEvidence(s),
		passwordEvidence(s),
		evidenceOf("access keys", u.Keys, counted[accesskey.Key]("access key")),
		evidenceOf("signing certificates", u.SigningCertificates, counted[accesskey.SigningCertificate]("signing certificate")),
		evidenceOf("service-specific credentials", u.ServiceCredentials, counted[accesskey.ServiceCredential]("service-specific credential")),
	}
}

// tagsValue spells tags in the order of their keys. A tag whose key is a key
// ID is that key's description in the console, since keys carry no tags.
func tagsValue(tags map[string]string) string {
	var list []string
	for key, value := range tags {
		list = append(list, key+"="+value)
	}
	slices.Sort(list)
	return listed(list)
}
