package fakeaws

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

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

// empty is a version that a rotation made and that has no value yet.
func (v *secretVersion) empty() bool { return v.text == nil && len(v.binary) == 0 }

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
	if v.empty() {
		return nil, errNoVersion(v.id)
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
	case v != nil && !v.empty():
		return nil, refusal("ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
	case len(labels) > 20:
		return nil, refusal("LimitExceededException", "The number of staging labels attached to a version exceeds the limit of 20.")
	}
	if run := s.rotation.run; v != nil && run != nil && run.token == v.id && in.RotationToken != "" && in.RotationToken != run.source {
		return nil, refusal("InvalidParameterException", "The RotationToken isn't the one of the rotation that made version %s.", v.id)
	}
	if v == nil {
		v = s.addVersion(r.now, in.ClientRequestToken, in.secretValue)
	} else {
		v.text, v.binary, v.key, s.changed = in.SecretString, in.SecretBinary, s.kms(), r.now
	}
	for _, label := range labels {
		s.attach(label, v)
	}
	if s.labelled(labelCurrent) == nil {
		s.attach(labelCurrent, v)
	}
	r.valueChanged(s, v)
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
