package fakeaws

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// secretsmanagerService is Secrets Manager without the rotation engine:
// secrets, versions, staging labels, resource policies. A secret may be seeded
// as one that somebody rotates.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/
func secretsmanagerService() service {
	return service{
		name: "secretsmanager", source: "secretsmanager.amazonaws.com", protocol: json11, target: "secretsmanager",
		leftOut: []string{"secretString", "secretBinary", "rotationToken"},
		actions: map[string]action{
			"CreateSecret":             {do: createSecret, asks: mayCreateSecret},
			"ListSecrets":              {do: listSecrets, reads: true},
			"GetSecretValue":           onSecret("GetSecretValue", true, getSecretValue),
			"DescribeSecret":           onAnySecret("DescribeSecret", true, describeSecret),
			"ListSecretVersionIds":     onSecret("ListSecretVersionIds", true, listSecretVersionIDs),
			"PutSecretValue":           onSecret("PutSecretValue", false, putSecretValue),
			"UpdateSecret":             onSecret("UpdateSecret", false, updateSecret),
			"UpdateSecretVersionStage": onSecret("UpdateSecretVersionStage", false, updateSecretVersionStage),
			"TagResource":              onSecret("TagResource", false, tagSecret),
			"UntagResource":            onSecret("UntagResource", false, untagSecret),
			"DeleteSecret":             onAnySecret("DeleteSecret", false, deleteSecret),
			"RestoreSecret":            onAnySecret("RestoreSecret", false, restoreSecret),
			"GetResourcePolicy":        onSecret("GetResourcePolicy", true, getSecretPolicy),
			"PutResourcePolicy":        onSecret("PutResourcePolicy", false, putSecretPolicy),
			"DeleteResourcePolicy":     onSecret("DeleteResourcePolicy", false, deleteSecretPolicy),
		},
	}
}

type secret struct {
	home              *stores
	name, arn         string
	description       string
	key               *kmsKey // nil: aws/secretsmanager
	keyAsGiven        string
	created, changed  time.Time
	accessed, rotated time.Time
	deletion          time.Time // zero: none scheduled
	tags              map[string]string
	policy            string
	versions          []*secretVersion // in the order of creation
	rotation          secretRotation
	owner             string // OwningService
}

// secretRotation says who rotates a secret.
type secretRotation struct {
	enabled bool
	lambda  string
	days    int
}

type secretVersion struct {
	id       string
	text     *string
	binary   []byte
	labels   []string
	created  time.Time
	accessed time.Time
	key      *kmsKey // that it is encrypted with
}

func (s *secret) kms() *kmsKey {
	if s.key != nil {
		return s.key
	}
	return s.home.aliases["alias/aws/secretsmanager"].key
}

func (s *secret) gone(now time.Time) bool { return !s.deletion.IsZero() && !now.Before(s.deletion) }

// labelled finds the version that a staging label is attached to; nil: none.
func (s *secret) labelled(label string) *secretVersion {
	for _, v := range s.versions {
		if slices.Contains(v.labels, label) {
			return v
		}
	}
	return nil
}

func (s *secret) version(id string) *secretVersion {
	for _, v := range s.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// The staging labels that Secrets Manager itself moves.
const (
	labelCurrent  = "AWSCURRENT"
	labelPrevious = "AWSPREVIOUS"
)

// attach moves a label to a version. AWSPREVIOUS follows AWSCURRENT.
func (s *secret) attach(label string, to *secretVersion) {
	from := s.labelled(label)
	if from == to {
		return
	}
	if from != nil {
		from.detach(label)
	}
	to.labels = append(to.labels, label)
	if label == labelCurrent && from != nil {
		s.attach(labelPrevious, from)
	}
}

func (v *secretVersion) detach(label string) {
	v.labels = slices.DeleteFunc(v.labels, func(l string) bool { return l == label })
}

// secretRef is the member by which most calls name their secret.
type secretRef struct {
	SecretID string `json:"SecretId"`
}

func (s secretRef) id() string { return s.SecretID }

// suffixed is a name that ends as the ARN of a secret does.
var suffixed = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// secret finds a secret by name, ARN, or ARN without the six characters at its
// end. Where there is none, it says in which account it was looked for.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func (r *request) secret(id string) (*secret, *account) {
	arn, ok := parseARN(id)
	if !ok {
		return r.account.in(r.region).secret(id, r.now), r.account
	}
	acct := r.aws.accountByID(arn.account)
	if acct == nil || arn.service != "secretsmanager" || arn.region != r.region {
		return nil, r.account
	}
	home := acct.in(arn.region)
	name := strings.TrimPrefix(arn.resource, "secret:")
	if s := home.secret(suffixed.ReplaceAllString(name, ""), r.now); s != nil && s.arn == id {
		return s, acct
	}
	if suffixed.MatchString(name) {
		return nil, acct
	}
	return home.secret(name, r.now), acct
}

// secret finds a secret by name and forgets those whose time has come.
func (s *stores) secret(name string, now time.Time) *secret {
	found := s.secrets[name]
	if found != nil && found.gone(now) {
		delete(s.secrets, name)
		return nil
	}
	return found
}

func errNoSecret() *apiError {
	return refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func errNoLabel(label string) *apiError {
	return refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", label)
}

func errNoVersion(id string) *apiError {
	return refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", id)
}

func errMarkedForDeletion() *apiError {
	return refusal("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
}

// identified is the input of a call about one secret.
type identified interface{ id() string }

// onAnySecret is a call about one secret, which may be marked for deletion.
func onAnySecret[T identified](name string, reads bool, do func(*request, *secret, T) (any, *apiError)) action {
	return action{
		reads: reads,
		asks: func(r *request) *apiError {
			in, err := decode[T](r)
			if err != nil {
				return err
			}
			s, acct := r.secret(in.id())
			return r.maySecret(name, in.id(), s, acct)
		},
		do: func(r *request) (any, *apiError) {
			in, err := decode[T](r)
			if err != nil {
				return nil, err
			}
			s, acct := r.secret(in.id())
			if s == nil {
				return nil, errNoSecret()
			}
			if acct != r.account {
				r.witness = acct
			}
			return do(r, s, in)
		},
	}
}

func onSecret[T identified](name string, reads bool, do func(*request, *secret, T) (any, *apiError)) action {
	return onAnySecret(name, reads, func(r *request, s *secret, in T) (any, *apiError) {
		if !s.deletion.IsZero() {
			return nil, errMarkedForDeletion()
		}
		return do(r, s, in)
	})
}

// maySecret asks the policies about a secret, or about the one that would have
// that name.
func (r *request) maySecret(name, id string, s *secret, acct *account) *apiError {
	on, policy := target{spoken: id}, ""
	asked, err := decode[struct {
		VersionStage, VersionID string
		Tags                    []tag
	}](r)
	if err != nil {
		return err
	}
	if s != nil {
		on.arn, on.tags, policy = s.arn, s.tags, s.policy
		on.context = withTags("secretsmanager", s.tags, tagMap(asked.Tags))
	} else {
		on.context = withTags("secretsmanager", nil, tagMap(asked.Tags))
		on.arn = id
		if !strings.HasPrefix(id, "arn:") {
			on.arn = acct.in(r.region).arn("secretsmanager", "secret:"+id)
		}
	}
	on.context["secretsmanager:SecretId"] = []string{on.arn}
	if asked.VersionStage != "" {
		on.context["secretsmanager:VersionStage"] = []string{asked.VersionStage}
	}
	return r.permit("secretsmanager:"+name, on, acct, policy, false)
}

// maySeal asks whether the caller may have a version of the secret encrypted or
// decrypted with a key. AWS's own key doesn't serve other accounts.
func (r *request) maySeal(s *secret, k *kmsKey, failure, verb string, permissions ...string) *apiError {
	for _, permission := range permissions {
		if r.mayUse(k, permission, map[string]string{"SecretARN": s.arn}, "secretsmanager") != nil {
			return errDenied("Access to KMS is not allowed")
		}
	}
	if k.usable() != nil || k.gone(r.now) {
		return refusal(failure, "Secrets Manager can't %s the protected secret text using the provided KMS key. "+
			"Check that the KMS key is available, enabled, and not in an invalid state.", verb)
	}
	return nil
}

func (r *request) mayEncrypt(s *secret) *apiError {
	return r.maySeal(s, s.kms(), "EncryptionFailure", "encrypt", "GenerateDataKey", "Decrypt")
}

type secretValue struct {
	SecretString *string `json:",omitempty"`
	SecretBinary []byte  `json:",omitempty"`
}

func (v secretValue) given() bool { return v.SecretString != nil || len(v.SecretBinary) > 0 }

func (v secretValue) same(have *secretVersion) bool {
	return cmp.Compare(deref(v.SecretString), deref(have.text)) == 0 && bytes.Equal(v.SecretBinary, have.binary)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

const maxSecret = 65536 // bytes

func (v secretValue) check() *apiError {
	switch {
	case !v.given():
		return refusal("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	case v.SecretString != nil && len(v.SecretBinary) > 0:
		return refusal("InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret.")
	case len(deref(v.SecretString)) > maxSecret || len(v.SecretBinary) > maxSecret:
		return errValidation("1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536")
	}
	return nil
}

func checkToken(token string) *apiError {
	switch {
	case token == "":
		return refusal("InvalidRequestException", "You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	case len(token) < 32 || len(token) > 64:
		return refusal("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
	}
	return nil
}

type getSecretInput struct {
	secretRef
	VersionID    string `json:"VersionId"`
	VersionStage string
}

func getSecretValue(r *request, s *secret, in getSecretInput) (any, *apiError) {
	v := s.labelled(cmp.Or(in.VersionStage, labelCurrent))
	switch {
	case in.VersionID != "":
		if v = s.version(in.VersionID); v == nil {
			return nil, errNoVersion(in.VersionID)
		}
		if in.VersionStage != "" && !slices.Contains(v.labels, in.VersionStage) {
			return nil, refusal("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
		}
	case v == nil:
		return nil, errNoLabel(cmp.Or(in.VersionStage, labelCurrent))
	}
	if err := r.maySeal(s, v.key, "DecryptionFailure", "decrypt", "Decrypt"); err != nil {
		return nil, err
	}
	day := r.now.Truncate(24 * time.Hour)
	s.accessed, v.accessed = day, day
	return struct {
		Arn       string `json:"ARN"`
		Name      string
		VersionID string `json:"VersionId"`
		secretValue
		VersionStages []string `json:",omitempty"`
		CreatedDate   epoch
	}{s.arn, s.name, v.id, secretValue{v.text, v.binary}, slices.Clone(v.labels), epoch(v.created)}, nil
}

type putSecretInput struct {
	secretRef
	secretValue
	ClientRequestToken string
	RotationToken      string
	VersionStages      []string
}

// putVersion is the answer of the calls that make a version.
type putVersion struct {
	Arn           string `json:"ARN"`
	Name          string
	VersionID     string   `json:"VersionId,omitempty"`
	VersionStages []string `json:",omitempty"`
}

func putSecretValue(r *request, s *secret, in putSecretInput) (any, *apiError) {
	if err := cmp.Or(checkToken(in.ClientRequestToken), in.check(), r.mayEncrypt(s)); err != nil {
		return nil, err
	}
	labels := in.VersionStages
	if len(labels) == 0 {
		labels = []string{labelCurrent}
	}
	v := s.version(in.ClientRequestToken)
	switch {
	case v != nil && in.same(v):
		return putVersion{s.arn, s.name, v.id, slices.Clone(v.labels)}, nil
	case v != nil:
		return nil, refusal("ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
	case len(labels) > 20:
		return nil, refusal("LimitExceededException", "The number of staging labels attached to a version exceeds the limit of 20.")
	}
	v = s.addVersion(r.now, in.ClientRequestToken, in.secretValue)
	for _, label := range labels {
		s.attach(label, v)
	}
	if s.labelled(labelCurrent) == nil {
		s.attach(labelCurrent, v)
	}
	return putVersion{s.arn, s.name, v.id, slices.Clone(v.labels)}, nil
}

// addVersion makes a version without any label. Of versions that nothing
// points at, the hundred youngest and those of the last day are kept.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
func (s *secret) addVersion(now time.Time, id string, value secretValue) *secretVersion {
	for i := 0; i < len(s.versions) && len(s.versions) >= 100; {
		if old := s.versions[i]; len(old.labels) == 0 && now.Sub(old.created) > 24*time.Hour {
			s.versions = slices.Delete(s.versions, i, i+1)
			continue
		}
		i++
	}
	v := &secretVersion{id: id, text: value.SecretString, binary: value.SecretBinary, created: now, key: s.kms()}
	s.versions, s.changed = append(s.versions, v), now
	return v
}

type moveLabelInput struct {
	secretRef
	VersionStage        string
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
	MoveToVersionID     string `json:"MoveToVersionId"`
}

// updateSecretVersionStage refuses to take a label from a version that doesn't
// have it: with that it is a compare-and-set.
func updateSecretVersionStage(r *request, s *secret, in moveLabelInput) (any, *apiError) {
	have, to := s.labelled(in.VersionStage), s.version(in.MoveToVersionID)
	from := s.version(in.RemoveFromVersionID)
	switch {
	case in.VersionStage == "" || len(in.VersionStage) > 256:
		return nil, errValidation("1 validation error detected: Value at 'versionStage' failed to satisfy constraint: Member must have length between 1 and 256")
	case in.MoveToVersionID != "" && to == nil:
		return nil, errNoVersion(in.MoveToVersionID)
	case in.RemoveFromVersionID != "" && from == nil:
		return nil, errNoVersion(in.RemoveFromVersionID)
	case from != nil && from != have:
		return nil, refusal("InvalidParameterException", "When you move staging label %s, if you specify RemoveFromVersionId, "+
			"it must be set to the version that currently has the staging label %s.", in.VersionStage, in.VersionStage)
	case to == nil && from == nil:
		return nil, refusal("InvalidParameterException", "You must specify either MoveToVersionId or RemoveFromVersionId.")
	case to == nil && in.VersionStage == labelCurrent:
		return nil, refusal("InvalidParameterException", "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	case to != nil && from == nil && have != nil && have != to:
		return nil, refusal("InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, "+
			"so you must explicitly reference that version in RemoveFromVersionId.", in.VersionStage, have.id)
	}
	if to == nil {
		from.detach(in.VersionStage)
	} else {
		s.attach(in.VersionStage, to)
	}
	s.changed = r.now
	return putVersion{Arn: s.arn, Name: s.name}, nil
}
