package fakeaws

import (
	"time"
)

// principal is who signed a call: a key of a user or of root, or a session.
type principal struct {
	account *account
	user    *user // nil for root and for roles
	role    *role // of an assumed role
	key     *accessKey
	session *session // nil: a long-lived key signed
}

// session is a set of temporary credentials.
type session struct {
	id, secret, token string
	issued, expires   time.Time
	account           *account
	user              *user
	role              *role
	name              string   // role session name, or federated user's name
	federated         bool     // by GetFederationToken
	rootTask          bool     // by AssumeRoot: of the root user itself
	policies          []string // session policies: documents
	mfa               bool
	tags              map[string]string
}

func (p principal) root() bool { return p.user == nil && p.role == nil && !p.federated() }

func (p principal) federated() bool { return p.session != nil && p.session.federated }

// principalType is aws:PrincipalType: the words differ from CloudTrail's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func (p principal) principalType() string {
	switch kind := p.kind(); kind {
	case "Root":
		return "Account"
	case "IAMUser":
		return "User"
	default:
		return kind
	}
}

// kind is CloudTrail's word for the principal.
func (p principal) kind() string {
	switch {
	case p.role != nil:
		return "AssumedRole"
	case p.federated():
		return "FederatedUser"
	case p.user != nil:
		return "IAMUser"
	}
	return "Root"
}

func (p principal) keyID() string {
	if p.session != nil {
		return p.session.id
	}
	return p.key.id
}

// arn is what GetCallerIdentity says.
func (p principal) arn() string {
	acct := p.account
	switch {
	case p.role != nil:
		return acct.arn("sts", "assumed-role/"+p.role.name+"/"+p.session.name)
	case p.federated():
		return acct.arn("sts", "federated-user/"+p.session.name)
	case p.user != nil:
		return acct.userARN(p.user)
	}
	return acct.arn("iam", "root")
}

// uniqueID is the UserId of GetCallerIdentity and aws:userid.
func (p principal) uniqueID() string {
	switch {
	case p.role != nil:
		return p.role.id + ":" + p.session.name
	case p.federated():
		return p.account.id + ":" + p.session.name
	case p.user != nil:
		return p.user.id
	}
	return p.account.id
}

// issuerARN is aws:PrincipalArn: the role itself for a session of a role.
func (p principal) issuerARN() string {
	if p.role != nil {
		return p.account.roleARN(p.role)
	}
	return p.arn()
}

// identity is the principal as CloudTrail tells it.
func (p principal) identity() Identity {
	id := Identity{Type: p.kind(), PrincipalID: p.uniqueID(), ARN: p.arn(), AccountID: p.account.id, AccessKeyID: p.keyID()}
	if p.user != nil {
		id.UserName = p.user.name
	}
	if p.session == nil {
		return id
	}
	id.IssuedAt, id.MFA = p.session.issued, p.session.mfa
	id.SessionName = p.session.name
	switch {
	case p.role != nil:
		id.UserName, id.IssuerARN, id.IssuerID = p.role.name, p.issuerARN(), p.role.id
	case p.federated() && p.user != nil:
		id.IssuerARN, id.IssuerID = p.account.userARN(p.user), p.user.id
	}
	return id
}

// authenticate finds out who signed a request.
func (a *AWS) authenticate(p *parsed, s *signature, now time.Time) (principal, *apiError) {
	if err := s.checkScope(p.service.name); err != nil {
		return principal{}, err
	}
	if err := s.checkTime(now, time.Now().UTC(), a.clock.unmoved()); err != nil {
		return principal{}, err
	}
	if temporary := a.sessions[s.keyID]; temporary != nil {
		return a.authenticateSession(p, s, temporary, now)
	}
	key := a.keyByID(s.keyID)
	if key == nil || s.token != "" || !key.authenticates(p.service.name, now, a.config.Propagation) {
		return principal{}, errUnknownKey()
	}
	if !s.matches(p.http, p.body, key.secret) {
		return principal{}, errWrongSignature()
	}
	key.use(now, p.service.name, p.service.region(s.region, key.account.partition), a.config.LastUsedLag)
	return principal{account: key.account, user: key.owner, key: key}, nil
}

func (a *AWS) authenticateSession(p *parsed, s *signature, temporary *session, now time.Time) (principal, *apiError) {
	if s.token != temporary.token || !temporary.stands() {
		return principal{}, errUnknownKey()
	}
	if !s.matches(p.http, p.body, temporary.secret) {
		return principal{}, errWrongSignature()
	}
	if !now.Before(temporary.expires) {
		return principal{}, errExpiredToken()
	}
	who := principal{account: temporary.account, user: temporary.user, role: temporary.role, session: temporary}
	if !who.mayCall(p.service.name, p.action) {
		return principal{}, errUnknownKey()
	}
	if who.role != nil {
		who.role.lastUsed = &KeyUse{At: now, Service: p.service.name, Region: p.service.region(s.region, who.account.partition)}
	}
	return who, nil
}

// stands reports whether whom the session was issued to still exists: sessions
// outlive the key they were made with, but not the user or role.
func (s *session) stands() bool {
	return (s.user == nil || !s.user.gone) && (s.role == nil || !s.role.gone)
}

// mayCall holds the limits of GetSessionToken's and GetFederationToken's
// credentials, which AWS answers with InvalidClientTokenId.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access.html
func (p principal) mayCall(service, action string) bool {
	switch {
	case p.role != nil, p.session.rootTask:
		return true
	case service == "iam":
		return !p.federated() && p.session.mfa
	case service == "sts":
		return action == "GetCallerIdentity" || (action == "AssumeRole" && !p.federated())
	}
	return true
}

// keyByID finds a key, seeding the lazy account that its ID names.
func (a *AWS) keyByID(id string) *accessKey {
	if key := a.keys[id]; key != nil {
		return key
	}
	if a.accountByID(accountOfKey(id)) == nil {
		return nil
	}
	return a.keys[id]
}
