package fakeaws

import (
	"cmp"
	"maps"
	"strings"
	"time"
)

// kmsService is KMS as far as symmetric keys, aliases and key policies go.
// https://docs.aws.amazon.com/kms/latest/APIReference/
func kmsService() service {
	s := service{
		name: "kms", source: "kms.amazonaws.com", protocol: json11, target: "TrentService",
		leftOut: []string{"plaintext", "ciphertextBlob"},
		actions: map[string]action{
			"CreateKey":           {do: createKey, tagging: "kms:TagResource"},
			"DescribeKey":         keyAction("DescribeKey", true, describeKey),
			"GetKeyPolicy":        keyAction("GetKeyPolicy", true, getKeyPolicy),
			"PutKeyPolicy":        keyAction("PutKeyPolicy", false, putKeyPolicy),
			"EnableKey":           keyAction("EnableKey", false, enableKey),
			"DisableKey":          keyAction("DisableKey", false, disableKey),
			"ScheduleKeyDeletion": keyAction("ScheduleKeyDeletion", false, scheduleKeyDeletion),
			"CancelKeyDeletion":   keyAction("CancelKeyDeletion", false, cancelKeyDeletion),
			"ListKeys":            {do: listKeys, reads: true},
			"ListAliases":         {do: listAliases, reads: true},
			"CreateAlias":         {do: createAlias, asks: mayCreateAlias},
			"Encrypt":             keyAction("Encrypt", true, encrypt),
			"GenerateDataKey":     keyAction("GenerateDataKey", true, generateDataKey),
			"Decrypt":             {do: decrypt, asks: mayDecrypt, reads: true},
		},
	}
	maps.Copy(s.actions, keyTagActions())
	return s
}

type kmsKey struct {
	home        *stores
	id, arn     string
	description string
	through     string // of a key managed by AWS: the service through which alone it works
	created     time.Time
	disabled    bool
	deletion    time.Time // zero: none scheduled
	policy      string
	tags        map[string]string
	rotates     bool
	material    []byte
}

type kmsAlias struct {
	name    string // alias/…
	key     *kmsKey
	created time.Time
}

// addManagedKey makes a key that AWS manages. Its policy, which nobody can
// change, lets everybody in the account use it through one service.
func (s *stores) addManagedKey(service, name string) {
	k := s.addKey(uuidOf(s.account.id, s.region, name), s.account.created)
	k.through, k.description = service, "Default key that protects my "+service+" data when no other key is defined"
	k.policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:CallerAccount":"` + s.account.id + `","kms:ViaService":"` + k.viaService(service) + `"}}},` +
		`{"Effect":"Allow","Principal":{"AWS":"` + s.account.arn("iam", "root") + `"},"Action":["kms:Describe*","kms:Get*","kms:List*"],"Resource":"*"}]}`
	s.aliases["alias/"+name] = &kmsAlias{"alias/" + name, k, s.account.created}
}

func (s *stores) addKey(id string, now time.Time) *kmsKey {
	k := &kmsKey{home: s, id: id, arn: s.arn("kms", "key/"+id), created: now, material: scatter(hash(id, "material"), 32)}
	k.policy = `{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"` +
		s.account.arn("iam", "root") + `"},"Action":"kms:*","Resource":"*"}]}`
	s.keys[id] = k
	return k
}

// viaService is the value of kms:ViaService.
func (k *kmsKey) viaService(service string) string {
	return service + "." + k.home.region + ".amazonaws.com"
}

// key finds a key by its ID, its ARN, or an alias's name or ARN.
func (r *request) key(id string) (*kmsKey, *apiError) {
	home, name := r.account.in(r.region), id
	if arn, ok := parseARN(id); ok {
		acct := r.aws.accountByID(arn.account)
		if acct == nil || arn.service != "kms" || arn.region != r.region {
			return nil, errNoKMSKey(id)
		}
		home, name = acct.in(arn.region), strings.TrimPrefix(arn.resource, "key/")
	}
	if strings.HasPrefix(name, "alias/") {
		if alias := home.aliases[name]; alias != nil {
			return alias.key, nil
		}
		return nil, refusal("NotFoundException", "Alias %s is not found.", home.arn("kms", name))
	}
	if k := home.keys[name]; k != nil && !k.gone(r.now) {
		return k, nil
	}
	return nil, errNoKMSKey(home.arn("kms", "key/"+name))
}

func errNoKMSKey(arn string) *apiError {
	return refusal("NotFoundException", "Key '%s' does not exist", arn)
}

func (k *kmsKey) gone(now time.Time) bool { return !k.deletion.IsZero() && !now.Before(k.deletion) }

// usable is an error for a key that encrypts and decrypts nothing now.
func (k *kmsKey) usable() *apiError {
	switch {
	case !k.deletion.IsZero():
		return refusal("KMSInvalidStateException", "%s is pending deletion.", k.arn)
	case k.disabled:
		return refusal("DisabledException", "%s is disabled.", k.arn)
	}
	return nil
}

// useOf is what a key's policy is asked. service is the service through which
// the key is used; empty: directly.
func (k *kmsKey) useOf(r *request, context map[string]string, service string) target {
	on := target{arn: k.arn, context: map[string][]string{"kms:CallerAccount": {r.account.id}}}
	if service != "" {
		on.context["kms:ViaService"] = []string{k.viaService(service)}
	}
	for name, value := range context {
		on.context["kms:EncryptionContext:"+name] = []string{value}
		on.context["kms:EncryptionContextKeys"] = append(on.context["kms:EncryptionContextKeys"], name)
	}
	return on
}

// mayUse asks the key's policy and the caller's.
func (r *request) mayUse(k *kmsKey, permission string, context map[string]string, service string) *apiError {
	return r.permit("kms:"+permission, k.useOf(r, context, service), k.home.account, k.policy, true)
}

// keyInput is what a call about one key has in common with others.
type keyInput struct {
	KeyID               string `json:"KeyId"`
	PolicyName          string
	Policy              string
	PendingWindowInDays int
	Plaintext           []byte
	EncryptionContext   map[string]string
	NumberOfBytes       int
	KeySpec             string
	Tags                []keyTag
	TagKeys             []string
}

// keyAction is a call about one key.
func keyAction(name string, reads bool, do func(*request, *kmsKey, keyInput) (any, *apiError)) action {
	find := func(r *request) (*kmsKey, keyInput, *apiError) {
		in, err := decode[keyInput](r)
		if err != nil {
			return nil, in, err
		}
		k, err := r.key(in.KeyID)
		return k, in, err
	}
	return action{
		reads: reads,
		asks: func(r *request) *apiError {
			k, in, err := find(r)
			if err != nil {
				return err
			}
			return r.mayUse(k, name, in.EncryptionContext, "")
		},
		do: func(r *request) (any, *apiError) {
			k, in, err := find(r)
			if err != nil {
				return nil, err
			}
			if k.home.account != r.account {
				r.witness = k.home.account
			}
			return do(r, k, in)
		},
	}
}

type keyMetadata struct {
	AccountID             string `json:"AWSAccountId"`
	KeyID                 string `json:"KeyId"`
	Arn                   string
	CreationDate          epoch
	Enabled               bool
	Description           string
	KeyUsage              string
	KeyState              string
	DeletionDate          *epoch `json:",omitempty"`
	Origin                string
	KeyManager            string
	CustomerMasterKeySpec string
	KeySpec               string
	EncryptionAlgorithms  []string
	MultiRegion           bool
}

func (k *kmsKey) metadata() any {
	m := keyMetadata{
		AccountID: k.home.account.id, KeyID: k.id, Arn: k.arn, CreationDate: epoch(k.created), Enabled: !k.disabled && k.deletion.IsZero(),
		Description: k.description, KeyUsage: "ENCRYPT_DECRYPT", KeyState: k.state(), Origin: "AWS_KMS", KeyManager: "CUSTOMER",
		CustomerMasterKeySpec: "SYMMETRIC_DEFAULT", KeySpec: "SYMMETRIC_DEFAULT", EncryptionAlgorithms: []string{"SYMMETRIC_DEFAULT"},
	}
	if k.through != "" {
		m.KeyManager = "AWS"
	}
	if !k.deletion.IsZero() {
		at := epoch(k.deletion)
		m.DeletionDate = &at
	}
	return struct{ KeyMetadata keyMetadata }{m}
}

func (k *kmsKey) state() string {
	switch {
	case !k.deletion.IsZero():
		return "PendingDeletion"
	case k.disabled:
		return "Disabled"
	}
	return "Enabled"
}

func createKey(r *request) (any, *apiError) {
	in, err := decode[struct {
		Description, Policy, KeyUsage, KeySpec, CustomerMasterKeySpec string
		Tags                                                          []keyTag
	}](r)
	if err != nil {
		return nil, err
	}
	spec := cmp.Or(in.KeySpec, in.CustomerMasterKeySpec, "SYMMETRIC_DEFAULT")
	if spec != "SYMMETRIC_DEFAULT" || cmp.Or(in.KeyUsage, "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT" {
		return nil, refusal("UnsupportedOperationException", "KeySpec %s is not supported.", spec)
	}
	if err := checkResourcePolicy(in.Policy); err != nil {
		return nil, err
	}
	k := r.account.in(r.region).addKey(requestID(r.aws.random.next()), r.now)
	k.description, k.policy, k.tags = in.Description, cmp.Or(in.Policy, k.policy), keyTags(in.Tags)
	return k.metadata(), nil
}

func describeKey(_ *request, k *kmsKey, _ keyInput) (any, *apiError) { return k.metadata(), nil }

func getKeyPolicy(_ *request, k *kmsKey, in keyInput) (any, *apiError) {
	if cmp.Or(in.PolicyName, "default") != "default" {
		return nil, refusal("NotFoundException", "No such policy exists")
	}
	return struct{ Policy, PolicyName string }{k.policy, "default"}, nil
}

// ours refuses changes to keys that AWS manages.
func (k *kmsKey) ours(action string) *apiError {
	if k.through == "" {
		return nil
	}
	return refusal("AccessDeniedException", "User is not authorized to perform: kms:%s on resource %s", action, k.arn)
}

func putKeyPolicy(_ *request, k *kmsKey, in keyInput) (any, *apiError) {
	if err := k.ours("PutKeyPolicy"); err != nil {
		return nil, err
	}
	if err := checkResourcePolicy(in.Policy); err != nil {
		return nil, err
	}
	k.policy = in.Policy
	return nil, nil
}

func enableKey(_ *request, k *kmsKey, _ keyInput) (any, *apiError) { return k.switchTo(false) }

func disableKey(_ *request, k *kmsKey, _ keyInput) (any, *apiError) { return k.switchTo(true) }

func (k *kmsKey) switchTo(disabled bool) (any, *apiError) {
	if err := k.ours("DisableKey"); err != nil {
		return nil, err
	}
	if !k.deletion.IsZero() {
		return nil, k.usable()
	}
	k.disabled = disabled
	return nil, nil
}

func scheduleKeyDeletion(r *request, k *kmsKey, in keyInput) (any, *apiError) {
	if err := k.ours("ScheduleKeyDeletion"); err != nil {
		return nil, err
	}
	days := cmp.Or(in.PendingWindowInDays, 30)
	switch {
	case days < 7 || days > 30:
		return nil, errValidation("1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy constraint: Member must be between 7 and 30", days)
	case !k.deletion.IsZero():
		return nil, k.usable()
	}
	k.deletion = r.now.AddDate(0, 0, days)
	return struct {
		KeyID               string `json:"KeyId"`
		DeletionDate        epoch
		KeyState            string
		PendingWindowInDays int
	}{k.arn, epoch(k.deletion), k.state(), days}, nil
}

// cancelKeyDeletion leaves the key disabled, as AWS does.
func cancelKeyDeletion(_ *request, k *kmsKey, _ keyInput) (any, *apiError) {
	if k.deletion.IsZero() {
		return nil, refusal("KMSInvalidStateException", "%s is not pending deletion.", k.arn)
	}
	k.deletion, k.disabled = time.Time{}, true
	return struct {
		KeyID string `json:"KeyId"`
	}{k.arn}, nil
}
