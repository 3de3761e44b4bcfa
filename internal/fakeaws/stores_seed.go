package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// SecretSpec describes a secret of Secrets Manager.
type SecretSpec struct {
	Region      string // empty: us-east-1
	Name        string
	Description string
	Value       string // SecretString of AWSCURRENT; empty: the secret has no version
	KMSKey      string // ID of a key in the account, or an alias; empty or unknown: aws/secretsmanager
	Created     time.Time
	Tags        map[string]string
	Policy      string // resource policy; empty: none

	RotationEnabled bool
	RotationLambda  string // ARN
	// RotationDays or RotationSchedule is the schedule; neither: every 30 days. It
	// is kept if the function is in the simulation too.
	RotationDays     int
	RotationSchedule string
	OwningService    string // of a managed secret: rds, appflow, …
}

// ParameterSpec describes a parameter of Systems Manager.
type ParameterSpec struct {
	Region      string // empty: us-east-1
	Name        string
	Description string
	Type        string // String, StringList, SecureString; empty: String
	Value       string
	Version     int64 // zero: 1
	Tier        string
	KMSKey      string // as SecretSpec's; empty or unknown: aws/ssm
	Created     time.Time
	Tags        map[string]string
}

const standardRegion = "us-east-1"

func (acct *account) seedStores(s AccountSpec) {
	for _, id := range s.KMSKeys {
		acct.in(standardRegion).addKey(id, acct.since(s.Created))
	}
	for _, secret := range s.Secrets {
		acct.in(cmp.Or(secret.Region, standardRegion)).seedSecret(secret)
	}
	for _, parameter := range s.Parameters {
		acct.in(cmp.Or(parameter.Region, standardRegion)).seedParameter(parameter)
	}
	for _, f := range s.Functions {
		acct.in(cmp.Or(f.Region, standardRegion)).seedFunction(f)
	}
	for _, topic := range s.Topics {
		acct.in(cmp.Or(topic.Region, standardRegion)).seedTopic(topic)
	}
}

func (s *stores) seedTopic(spec TopicSpec) {
	t := s.newTopic(spec.Name)
	maps.Copy(t.tags, spec.Tags)
	if spec.Policy != "" {
		t.attributes["Policy"] = spec.Policy
	}
}

// planSeeded sets the rotations of seeded secrets whose functions are there.
func (a *AWS) planSeeded(acct *account, now time.Time) {
	for _, region := range slices.Sorted(maps.Keys(acct.regions)) {
		home := acct.regions[region]
		for _, name := range slices.Sorted(maps.Keys(home.secrets)) {
			if s := home.secrets[name]; s.rotation.enabled && a.functionByARN(s.rotation.lambda) != nil {
				a.plan(s, now)
			}
		}
	}
}

// seededKey is a key by ID or alias; nil: there is none of that name.
func (s *stores) seededKey(name string) *kmsKey {
	if alias := s.aliases[name]; alias != nil {
		return alias.key
	}
	return s.keys[name]
}

func (s *stores) seedSecret(spec SecretSpec) {
	created := s.account.since(spec.Created)
	secret := s.newSecret(spec.Name, lettersOf(hash(s.account.id, s.region, spec.Name), 6), created)
	secret.description, secret.tags, secret.policy, secret.owner = spec.Description, copied(spec.Tags), spec.Policy, spec.OwningService
	secret.valued = created
	secret.rotation = secretRotation{enabled: spec.RotationEnabled, lambda: spec.RotationLambda,
		rules: rotationRules{AutomaticallyAfterDays: spec.RotationDays, ScheduleExpression: spec.RotationSchedule}}
	if spec.RotationEnabled && secret.rotation.rules == (rotationRules{}) {
		secret.rotation.rules.AutomaticallyAfterDays = 30
	}
	if secret.key = s.seededKey(spec.KMSKey); secret.key != nil {
		secret.keyAsGiven = spec.KMSKey
	}
	if spec.Value != "" {
		secret.attach(labelCurrent, secret.addVersion(created, uuidOf(secret.arn, "first"), secretValue{SecretString: &spec.Value}))
	}
	s.secrets[spec.Name] = secret
}

func (s *stores) seedParameter(spec ParameterSpec) {
	p := &parameter{home: s, name: spec.Name, tags: copied(spec.Tags)}
	v := &parameterVersion{
		number: max(1, spec.Version), kind: cmp.Or(spec.Type, "String"), value: spec.Value, description: spec.Description,
		tier: cmp.Or(spec.Tier, "Standard"), dataType: "text", modified: s.account.since(spec.Created), by: s.account.arn("iam", "root"),
	}
	if v.kind == "SecureString" {
		v.key, v.keyAsGiven = s.seededKey(spec.KMSKey), spec.KMSKey
		if v.key == nil {
			v.key, v.keyAsGiven = s.aliases["alias/aws/ssm"].key, "alias/aws/ssm"
		}
		r := &request{aws: &AWS{random: random{seed: hash(p.arn())}}}
		v.sealed = v.key.seal(r, []byte(v.value), map[string]string{"PARAMETER_ARN": p.arn()})
	}
	p.versions = []*parameterVersion{v}
	s.parameters[spec.Name] = p
}

// snapshotStores adds what stands in every region: of a secret AWSCURRENT, of a
// parameter the latest version.
func (acct *account) snapshotStores(s *AccountSpec) {
	s.Secrets, s.Parameters, s.Topics, s.Functions = nil, nil, nil, nil
	for _, region := range slices.Sorted(maps.Keys(acct.regions)) {
		home := acct.regions[region]
		for _, name := range slices.Sorted(maps.Keys(home.secrets)) {
			s.Secrets = append(s.Secrets, home.secrets[name].snapshot())
		}
		for _, name := range slices.Sorted(maps.Keys(home.functions)) {
			s.Functions = append(s.Functions, home.functions[name].described())
		}
		for _, p := range home.sortedParameters() {
			s.Parameters = append(s.Parameters, p.snapshot())
		}
		for _, name := range slices.Sorted(maps.Keys(home.topics)) {
			t := home.topics[name]
			s.Topics = append(s.Topics, TopicSpec{Region: region, Name: name, Policy: t.attributes["Policy"], Tags: copied(t.tags)})
		}
	}
}

func (s *secret) snapshot() SecretSpec {
	spec := SecretSpec{
		Region: s.home.region, Name: s.name, Description: s.description, KMSKey: s.keyAsGiven, Created: s.created, Tags: copied(s.tags),
		Policy: s.policy, RotationEnabled: s.rotation.enabled, RotationLambda: s.rotation.lambda, OwningService: s.owner,
		RotationDays: s.rotation.rules.AutomaticallyAfterDays, RotationSchedule: s.rotation.rules.ScheduleExpression,
	}
	if v := s.labelled(labelCurrent); v != nil {
		spec.Value = deref(v.text)
	}
	return spec
}

func (p *parameter) snapshot() ParameterSpec {
	v := p.latest()
	return ParameterSpec{
		Region: p.home.region, Name: p.name, Description: v.description, Type: v.kind, Value: v.value, Version: v.number,
		Tier: v.tier, KMSKey: strings.TrimPrefix(v.keyAsGiven, "alias/aws/ssm"), Created: v.modified, Tags: copied(p.tags),
	}
}
