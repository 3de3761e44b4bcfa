package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"time"
)

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

type createSecretInput struct {
	Name               string
	ClientRequestToken string
	Description        string
	KmsKeyID           string `json:"KmsKeyId"`
	secretValue
	Tags []tag
}

// mayCreateSecret asks for the ARN that the secret would have: its last six
// characters aren't known yet.
func mayCreateSecret(r *request) *apiError {
	in, err := decode[createSecretInput](r)
	if err != nil {
		return err
	}
	on := target{
		arn: r.account.in(r.region).arn("secretsmanager", "secret:"+in.Name+"-??????"), spoken: in.Name,
		context: withTags("secretsmanager", nil, tagMap(in.Tags)),
	}
	on.context["secretsmanager:Name"] = []string{in.Name}
	if in.KmsKeyID != "" {
		on.context["secretsmanager:KmsKeyId"] = []string{in.KmsKeyID}
	}
	return r.permit("secretsmanager:CreateSecret", on, r.account, "", false)
}

func createSecret(r *request) (any, *apiError) {
	in, err := decode[createSecretInput](r)
	if err != nil {
		return nil, err
	}
	if !secretName.MatchString(in.Name) {
		return nil, errValidation("Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	if have := home.secret(in.Name, r.now); have != nil {
		return have.createAgain(in)
	}
	key, err := r.givenKey(in.KmsKeyID)
	if err != nil {
		return nil, err
	}
	s := home.newSecret(in.Name, lettersOf(r.aws.random.next(), 6), r.now)
	s.valued = r.now
	s.description, s.key, s.keyAsGiven, s.tags = in.Description, key, in.KmsKeyID, tagMap(in.Tags)
	out := putVersion{Arn: s.arn, Name: s.name}
	if in.given() {
		if err := cmp.Or(in.check(), r.mayEncrypt(s)); err != nil {
			return nil, err
		}
		s.attach(labelCurrent, s.addVersion(r.now, in.ClientRequestToken, in.secretValue))
		out.VersionID = in.ClientRequestToken
	}
	home.secrets[s.name] = s
	return out, nil
}

// createAgain answers a repeated call as the first one.
func (s *secret) createAgain(in createSecretInput) (any, *apiError) {
	v := s.version(in.ClientRequestToken)
	switch {
	case !s.deletion.IsZero():
		return nil, refusal("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
	case v != nil && in.same(v):
		return putVersion{Arn: s.arn, Name: s.name, VersionID: v.id}, nil
	}
	return nil, refusal("ResourceExistsException", "The operation failed because the secret %s already exists.", s.name)
}

func (s *stores) newSecret(name, suffix string, now time.Time) *secret {
	return &secret{home: s, name: name, arn: s.arn("secretsmanager", "secret:"+name+"-"+suffix), created: now, changed: now, tags: map[string]string{}}
}

// lettersOf is a repeatable word of letters and digits.
func lettersOf(n uint64, length int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	word := scatter(n, length)
	for i := range word {
		word[i] = letters[int(word[i])%len(letters)]
	}
	return string(word)
}

// givenKey finds the KMS key that a call names; nil: it names none.
func (r *request) givenKey(id string) (*kmsKey, *apiError) {
	if id == "" {
		return nil, nil
	}
	k, err := r.key(id)
	if err != nil {
		return nil, refusal("InvalidParameterException", "The KMS key with id '%s' can't be found. %s", id, err.Message)
	}
	return k, nil
}

type secretShape struct {
	Arn                   string `json:"ARN"`
	Name                  string
	Description           string              `json:",omitempty"`
	KmsKeyID              string              `json:"KmsKeyId,omitempty"`
	RotationEnabled       *bool               `json:",omitempty"`
	RotationLambdaARN     string              `json:",omitempty"`
	RotationRules         *rotationRules      `json:",omitempty"`
	LastRotatedDate       *epoch              `json:",omitempty"`
	NextRotationDate      *epoch              `json:",omitempty"`
	LastChangedDate       *epoch              `json:",omitempty"`
	LastAccessedDate      *epoch              `json:",omitempty"`
	DeletedDate           *epoch              `json:",omitempty"`
	Tags                  []tag               `json:",omitempty"`
	VersionIDsToStages    map[string][]string `json:"VersionIdsToStages,omitempty"`
	SecretVersionsToStage map[string][]string `json:"SecretVersionsToStages,omitempty"`
	OwningService         string              `json:",omitempty"`
	CreatedDate           *epoch              `json:",omitempty"`
}

func (s *secret) shape(now time.Time) secretShape {
	out := secretShape{
		Arn: s.arn, Name: s.name, Description: s.description, KmsKeyID: s.keyAsGiven,
		RotationLambdaARN: s.rotation.lambda, LastRotatedDate: epochOf(s.rotated), LastChangedDate: epochOf(s.changed),
		LastAccessedDate: epochOf(s.accessed), DeletedDate: epochOf(s.deletion), OwningService: s.owner, CreatedDate: epochOf(s.created),
		Tags: tagList(s.tags),
	}
	if r := s.rotation; r.enabled || r.lambda != "" {
		out.RotationEnabled, out.RotationRules = &r.enabled, r.rules.shown(now)
	}
	if s.rotation.enabled && !s.rotation.promised.IsZero() {
		out.NextRotationDate = epochOf(s.rotation.promised.Add(-time.Second))
	}
	return out
}

// epochOf leaves out a time that never was.
func epochOf(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	e := epoch(t)
	return &e
}

func (s *secret) stages() map[string][]string {
	stages := map[string][]string{}
	for _, v := range s.versions {
		if len(v.labels) > 0 {
			stages[v.id] = slices.Clone(v.labels)
		}
	}
	return stages
}

func describeSecret(r *request, s *secret, _ secretRef) (any, *apiError) {
	out := s.shape(r.now)
	out.VersionIDsToStages = s.stages()
	return out, nil
}

type updateSecretInput struct {
	secretRef
	secretValue
	ClientRequestToken string
	Description        *string
	KmsKeyID           string `json:"KmsKeyId"`
}

// updateSecret changes what it is given. With another key, the labelled
// versions are encrypted anew.
func updateSecret(r *request, s *secret, in updateSecretInput) (any, *apiError) {
	key, err := r.givenKey(in.KmsKeyID)
	if err != nil {
		return nil, err
	}
	if in.given() {
		if err := cmp.Or(checkToken(in.ClientRequestToken), in.check()); err != nil {
			return nil, err
		}
		if s.version(in.ClientRequestToken) != nil {
			return nil, refusal("ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
		}
	}
	before, given := s.key, s.keyAsGiven
	if key != nil {
		s.key, s.keyAsGiven = key, in.KmsKeyID
	}
	if in.given() || key != nil {
		if err := r.mayEncrypt(s); err != nil {
			s.key, s.keyAsGiven = before, given
			return nil, err
		}
	}
	if key != nil {
		s.sealAnew()
	}
	if in.Description != nil {
		s.description = *in.Description
	}
	s.changed = r.now
	out := putVersion{Arn: s.arn, Name: s.name}
	if in.given() {
		s.attach(labelCurrent, s.addVersion(r.now, in.ClientRequestToken, in.secretValue))
		r.valueChanged(s, s.version(in.ClientRequestToken))
		out.VersionID = in.ClientRequestToken
	}
	return out, nil
}

func (s *secret) sealAnew() {
	for _, v := range s.versions {
		if len(v.labels) > 0 {
			v.key = s.kms()
		}
	}
}

type tagSecretInput struct {
	secretRef
	Tags    []tag
	TagKeys []string
}

func tagSecret(_ *request, s *secret, in tagSecretInput) (any, *apiError) {
	tags := copied(s.tags)
	for _, t := range in.Tags {
		tags[t.Key] = t.Value
	}
	if len(tags) > 50 {
		return nil, refusal("InvalidParameterException", "You can't attach more than 50 tags to a secret.")
	}
	s.tags = tags
	return nil, nil
}

func untagSecret(_ *request, s *secret, in tagSecretInput) (any, *apiError) {
	for _, key := range in.TagKeys {
		delete(s.tags, key)
	}
	return nil, nil
}

type deleteSecretInput struct {
	secretRef
	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

func deleteSecret(r *request, s *secret, in deleteSecretInput) (any, *apiError) {
	days := 30
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case in.ForceDeleteWithoutRecovery && in.RecoveryWindowInDays != nil:
		return nil, refusal("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < 7 || days > 30:
		return nil, refusal("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	case !s.deletion.IsZero() && !in.ForceDeleteWithoutRecovery:
		return nil, errMarkedForDeletion()
	}
	at := r.now.AddDate(0, 0, days)
	if in.ForceDeleteWithoutRecovery {
		at = r.now
		delete(s.home.secrets, s.name)
	}
	s.deletion = at
	return struct {
		Arn          string `json:"ARN"`
		Name         string
		DeletionDate epoch
	}{s.arn, s.name, epoch(at)}, nil
}

func restoreSecret(r *request, s *secret, _ secretRef) (any, *apiError) {
	s.deletion = time.Time{}
	if s.rotation.enabled {
		r.aws.plan(s, r.now)
	}
	return putVersion{Arn: s.arn, Name: s.name}, nil
}
