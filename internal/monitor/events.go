package monitor

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
)

// target is the ID of the one target of our event rules.
const target = "keytend"

// eventWanted is an event rule with what it tells in which words.
type eventWanted struct {
	awsapi.EventRule
	words string
	paths map[string]string
}

func (s *Site) events(ctx context.Context) error {
	wanted := []eventWanted{{
		awsapi.EventRule{
			Name: Prefix + "rotation-failed", Description: madeHere + " Tells of rotations by Secrets Manager that failed or were abandoned.",
			Pattern: `{"detail":{"eventName":["RotationFailed","RotationAbandoned"],"eventSource":["secretsmanager.amazonaws.com"]},"detail-type":["AWS Service Event via CloudTrail"],"source":["aws.secretsmanager"]}`,
		},
		`"Secrets Manager, account <account>, <region>, <time>: <event> of <secret>. See the log of its rotation function."`,
		map[string]string{"account": "$.account", "region": "$.region", "time": "$.time", "event": "$.detail.eventName", "secret": "$.detail.additionalEventData.SecretId"},
	}}
	if !s.options.WithoutConfig {
		wanted = append([]eventWanted{{
			awsapi.EventRule{Name: Prefix + "config-compliance", Description: madeHere + " Tells of what AWS Config's rules on access keys find.", Pattern: s.compliancePattern()},
			`"AWS Config, account <account>, <region>, <time>: <kind> <id> is <verdict> by rule <rule>. See keytend monitor status and keytend scan."`,
			map[string]string{"account": "$.detail.awsAccountId", "region": "$.region", "time": "$.time", "kind": "$.detail.resourceType", "id": "$.detail.resourceId",
				"verdict": "$.detail.newEvaluationResult.complianceType", "rule": "$.detail.configRuleName"},
		}}, wanted...)
	}
	for _, want := range wanted {
		if err := s.event(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

// compliancePattern matches what the rules find from now on. Those of the
// organization are named anew in each account; here it hears of its own account
// alone.
func (s *Site) compliancePattern() string {
	var names []any
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		if s.options.Organization {
			names = append(names, map[string]string{"prefix": "OrgConfigRule-" + name})
			continue
		}
		same := s.sameRule(name, want)
		if has := slices.ContainsFunc(s.Rules, func(r awsapi.ConfigRule) bool { return r.Name == name }); !has && same != "" {
			name = same
		}
		names = append(names, name)
	}
	text, err := json.Marshal(map[string]any{
		"source": []string{"aws.config"}, "detail-type": []string{"Config Rules Compliance Change"},
		"detail": map[string]any{
			"messageType": []string{"ComplianceChangeNotification"}, "configRuleName": names,
			"newEvaluationResult": map[string]any{"complianceType": []string{"NON_COMPLIANT"}},
		},
	})
	if err != nil {
		panic(err) // texts always encode
	}
	return string(text)
}

func (s *Site) event(ctx context.Context, want eventWanted) error {
	tells := awsapi.EventTarget{ID: target, ARN: s.Topic, Words: want.words, Paths: want.paths}
	t := &Thing{Kind: "event rule", Name: want.Name, About: strings.TrimPrefix(want.Description, madeHere+" "),
		Want: append([]Setting{{"pattern", sorted(want.Pattern)}, {"state", "on"}}, targetSettings(tells)...)}
	has, there, err := s.session.EventRule(ctx, want.Name)
	if err != nil {
		return err
	}
	var told []awsapi.EventTarget // our own target, where it is there
	if there {
		if told, err = s.told(ctx, t, has); err != nil {
			return err
		}
	}
	t.put = func(ctx context.Context) error {
		if err := s.session.PutEventRule(ctx, want.EventRule, s.tagsOf(t)); err != nil {
			return err
		}
		return s.session.PutEventTarget(ctx, want.Name, tells)
	}
	t.drop = func(ctx context.Context) error {
		if len(told) > 0 {
			if err := s.session.RemoveEventTargets(ctx, want.Name, []string{target}); err != nil {
				return err
			}
		}
		return s.session.DeleteEventRule(ctx, want.Name)
	}
	s.add(t)
	return nil
}

// told reads how an event rule that is there stands, and its target that is
// ours.
func (s *Site) told(ctx context.Context, t *Thing, has awsapi.EventRule) ([]awsapi.EventTarget, error) {
	tags, err := s.session.EventRuleTags(ctx, has.ARN)
	if err != nil {
		return nil, err
	}
	targets, err := s.session.EventTargets(ctx, has.Name)
	if err != nil {
		return nil, err
	}
	targets = slices.DeleteFunc(targets, func(one awsapi.EventTarget) bool { return one.ID != target })
	state := map[bool]string{true: "on", false: "off"}[has.Enabled]
	t.There, t.Ours, t.Have = true, ours(tags), []Setting{{"pattern", sorted(has.Pattern)}, {"state", state}}
	for _, one := range append(targets, awsapi.EventTarget{})[:1] {
		t.Have = append(t.Have, targetSettings(one)...)
	}
	return targets, nil
}

func targetSettings(t awsapi.EventTarget) []Setting {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(t.Paths)) {
		paths = append(paths, name+"="+t.Paths[name])
	}
	return []Setting{{"tells", t.ARN}, {"in the words", strings.TrimSpace(t.Words + " " + strings.Join(paths, " "))}}
}
