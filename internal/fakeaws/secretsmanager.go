package fakeaws

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// secretsmanagerService is Secrets Manager: secrets, versions, staging labels,
// resource policies, rotation by functions. It replicates nothing.
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
			"RotateSecret":             onSecret("RotateSecret", false, rotateSecret),
			"CancelRotateSecret":       onSecret("CancelRotateSecret", false, cancelRotateSecret),
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
	valued            time.Time // when AWSCURRENT last got a new value
	deletion          time.Time // zero: none scheduled
	tags              map[string]string
	policy            string
	versions          []*secretVersion // in the order of creation
	rotation          secretRotation
	owner             string // OwningService
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
	labelPending  = "AWSPENDING"
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
		TagKeys                 []string
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
	on.context["aws:TagKeys"] = append(on.context["aws:TagKeys"], asked.TagKeys...)
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
