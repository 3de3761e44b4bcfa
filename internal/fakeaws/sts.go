package fakeaws

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

// stsService is STS, global and regional alike.
// https://docs.aws.amazon.com/STS/latest/APIReference/
func stsService() service {
	session := matching(`[\w+=,.@-]*`, 2, 64)
	return service{
		name: "sts", source: "sts.amazonaws.com", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		constraints: map[string]constraint{
			"RoleArn": {shortest: 20, longest: 2048}, "RoleSessionName": session, "Name": matching(`[\w+=,.@-]*`, 2, 32),
			"ExternalId": matching(`[\w+=,.@:\/-]*`, 2, 1224), "Policy": {shortest: 1, longest: 2048},
			"SerialNumber": matching(`[\w+=/:,.@-]*`, 9, 256), "TokenCode": matching(`[\d]*`, 6, 6),
			"AccessKeyId": matching(`[\w]*`, 16, 128), "DurationSeconds": number(900, 129600),
		},
		actions: map[string]action{
			"GetCallerIdentity":  {do: getCallerIdentity, open: true, reads: true},
			"GetAccessKeyInfo":   {do: getAccessKeyInfo, needs: []string{"AccessKeyId"}, reads: true},
			"AssumeRole":         {do: assumeRole, open: true, needs: []string{"RoleArn", "RoleSessionName"}},
			"AssumeRoot":         {do: assumeRoot, asks: mayAssumeRoot, needs: []string{"TargetPrincipal", "TaskPolicyArn.arn"}},
			"GetSessionToken":    {do: getSessionToken, open: true},
			"GetFederationToken": {do: getFederationToken, on: onFederatedUser, needs: []string{"Name"}},
		},
	}
}

type credentialsShape struct {
	AccessKeyId, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

func getCallerIdentity(r *request) (any, *apiError) {
	return struct{ UserId, Account, Arn string }{r.caller.uniqueID(), r.account.id, r.caller.arn()}, nil
}

// getAccessKeyInfo tells the account that a key belongs to, which the ID itself
// carries; whether the key exists does not matter.
func getAccessKeyInfo(r *request) (any, *apiError) {
	id := r.value("AccessKeyId")
	account := accountOfKey(id)
	if k := r.aws.keys[id]; k != nil {
		account = k.account.id
	}
	if account == "" {
		return nil, errValidation("Invalid Access Key ID: %s", id)
	}
	return struct{ Account string }{account}, nil
}

// assumeRole asks both sides: the caller's policies and the role's trust
// policy. It says the same whether the role does not exist or does not trust
// the caller.
func assumeRole(r *request) (any, *apiError) {
	if r.caller.root() {
		return nil, errDenied("Roles may not be assumed by root accounts.")
	}
	acct, found := r.roleByARN(r.value("RoleArn"))
	if found == nil {
		return nil, errDenied(r.cannotAssume("sts:AssumeRole"))
	}
	mfa, err := r.checkMFA()
	if err != nil {
		return nil, err
	}
	if err := r.checkAssume("sts:AssumeRole", acct, found, mfa); err != nil {
		return nil, err
	}
	s, err := r.roleSession(acct, found, mfa)
	if err != nil {
		return nil, err
	}
	r.aws.sessions[s.id] = s
	if acct != r.account {
		r.witness = acct
	}
	who := principal{account: acct, role: found, session: s}
	type roleUser struct{ AssumedRoleId, Arn string }
	return struct {
		Credentials      credentialsShape
		AssumedRoleUser  roleUser
		PackedPolicySize *int
	}{s.shape(), roleUser{who.uniqueID(), who.arn()}, s.packed()}, nil
}

// roleSession makes the session that an allowed AssumeRole asks for.
func (r *request) roleSession(acct *account, found *role, mfa bool) (*session, *apiError) {
	length, err := r.assumedFor(found)
	if err != nil {
		return nil, err
	}
	s := r.newSession(acct, length)
	s.role, s.name, s.mfa = found, r.value("RoleSessionName"), mfa
	if s.policies, err = r.sessionPolicies(acct); err != nil {
		return nil, err
	}
	for _, t := range r.tags() {
		s.tags[t.Key] = t.Value
	}
	if len(s.tags) > 0 {
		err = r.checkAssume("sts:TagSession", acct, found, mfa)
	}
	return s, err
}

func (r *request) cannotAssume(permission string) string {
	return "User: " + r.caller.arn() + " is not authorized to perform: " + permission + " on resource: " + r.value("RoleArn")
}

func (r *request) roleByARN(arn string) (*account, *role) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return nil, nil
	}
	acct := r.aws.accountByID(parts[4])
	if acct == nil {
		return nil, nil
	}
	found, ok := acct.roles.get(arn[strings.LastIndexByte(arn, '/')+1:])
	if !ok || acct.roleARN(found) != arn {
		return nil, nil
	}
	return acct, found
}

func (r *request) checkAssume(permission string, acct *account, found *role, mfa bool) *apiError {
	on := target{arn: acct.roleARN(found), tags: found.tags, context: map[string][]string{
		"sts:RoleSessionName": {r.value("RoleSessionName")},
		"aws:ResourceAccount": {acct.id},
	}}
	if mfa {
		on.context["aws:MultiFactorAuthPresent"] = []string{"true"}
		on.context["aws:MultiFactorAuthAge"] = []string{"0"}
	}
	if id := r.value("ExternalId"); id != "" {
		on.context["sts:ExternalId"] = []string{id}
	}
	policies := r.aws.policiesOf(r.caller)
	trust := r.aws.document(found.trust)
	policies.Resource, policies.ResourceDecides = &trust, true
	question := r.question(permission, on)
	question.ResourceAccount = acct.id
	d := policies.Decide(question)
	switch {
	case d.Allowed():
		return nil
	case d.Outcome == iampolicy.ExplicitDeny:
		return errDenied(r.cannotAssume(permission) + " " + d.Because())
	}
	return errDenied(r.cannotAssume(permission))
}

// assumedFor is how long the session lasts.
func (r *request) assumedFor(found *role) (time.Duration, *apiError) {
	length := r.duration(time.Hour)
	switch {
	case r.caller.role != nil && length > time.Hour:
		return 0, errValidation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case length > 12*time.Hour:
		return 0, errValidation("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: "+
			"Member must have value less than or equal to 43200", r.value("DurationSeconds"))
	case length > found.maxSession:
		return 0, errValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return length, nil
}

func (r *request) duration(standard time.Duration) time.Duration {
	if seconds, err := strconv.Atoi(r.value("DurationSeconds")); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return standard
}

// sessionPolicies reads the policies that further limit a session.
func (r *request) sessionPolicies(acct *account) ([]string, *apiError) {
	var texts []string
	if text := r.value("Policy"); text != "" {
		if err := malformed(iampolicy.CheckIdentity(text)); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	for i := 1; r.form.Has("PolicyArns.member." + strconv.Itoa(i) + ".arn"); i++ {
		arn := r.value("PolicyArns.member." + strconv.Itoa(i) + ".arn")
		p := acct.policyByARN(arn)
		if p == nil {
			return nil, errValidation("Policy %s does not exist or is not attachable.", arn)
		}
		texts = append(texts, p.document())
	}
	return texts, nil
}

// newSession makes temporary credentials of an account; they are good once they
// are put into AWS.sessions.
func (r *request) newSession(acct *account, length time.Duration) *session {
	next := r.aws.random.next
	return &session{
		id: keyID("ASIA", acct.id, next()), secret: secretOf(next()),
		token:  "IQoJb3JpZ2luX2Vj" + base64.StdEncoding.EncodeToString(scatter(next(), 300)),
		issued: second(r.now), expires: second(r.now.Add(length)), account: acct, tags: map[string]string{},
	}
}

func (s *session) shape() credentialsShape {
	return credentialsShape{s.id, s.secret, s.token, s.expires}
}

// packed is PackedPolicySize, percents of what a session may carry; nil without
// policies and tags.
func (s *session) packed() *int {
	size := 0
	for _, text := range s.policies {
		size += len(text)
	}
	for key, value := range s.tags {
		size += len(key) + len(value)
	}
	if size == 0 {
		return nil
	}
	percent := max(1, size*100/4096)
	return &percent
}

// getSessionToken needs no permission, but a long-lived key.
func getSessionToken(r *request) (any, *apiError) {
	if r.caller.session != nil {
		return nil, errDenied("Cannot call GetSessionToken with session credentials")
	}
	mfa, err := r.checkMFA()
	if err != nil {
		return nil, err
	}
	length := r.duration(12 * time.Hour)
	if r.caller.root() {
		length = min(length, time.Hour)
	}
	s := r.newSession(r.account, length)
	s.user, s.mfa = r.caller.user, mfa
	r.aws.sessions[s.id] = s
	return struct{ Credentials credentialsShape }{s.shape()}, nil
}

// checkMFA takes any six digits for a device that the caller has.
func (r *request) checkMFA() (bool, *apiError) {
	serial, code := r.value("SerialNumber"), r.value("TokenCode")
	if serial == "" && code == "" {
		return false, nil
	}
	if u := r.caller.user; u != nil && code != "" {
		for _, d := range u.devices {
			if d.serial == serial {
				return true, nil
			}
		}
	}
	return false, errDenied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}

func onFederatedUser(r *request) target {
	return target{arn: r.account.arn("sts", "federated-user/"+r.value("Name"))}
}

func getFederationToken(r *request) (any, *apiError) {
	if r.caller.session != nil {
		return nil, errDenied("Cannot call GetFederationToken with session credentials")
	}
	policies, err := r.sessionPolicies(r.account)
	if err != nil {
		return nil, err
	}
	length := r.duration(12 * time.Hour)
	if r.caller.root() {
		length = min(length, time.Hour)
	}
	s := r.newSession(r.account, length)
	s.user, s.name, s.federated, s.policies = r.caller.user, r.value("Name"), true, policies
	r.aws.sessions[s.id] = s
	who := principal{account: r.account, user: s.user, session: s}
	type federatedUser struct{ FederatedUserId, Arn string }
	return struct {
		Credentials      credentialsShape
		FederatedUser    federatedUser
		PackedPolicySize *int
	}{s.shape(), federatedUser{who.uniqueID(), who.arn()}, s.packed()}, nil
}
