package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
)

// rules are AWS Config's.
func (s *Site) rules(ctx context.Context) error {
	switch {
	case s.options.WithoutConfig:
		return nil
	case s.options.Organization:
		return s.organizationRules(ctx)
	}
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		t := &Thing{Kind: "AWS Config rule", Name: name, Want: []Setting{{"source", want.identifier}, {want.parameter, limitText(want.days)}}}
		t.Reused = s.sameRule(name, want)
		if i := slices.IndexFunc(s.Rules, func(r awsapi.ConfigRule) bool { return r.Name == name }); i >= 0 {
			tags, err := s.session.ConfigTags(ctx, s.Rules[i].ARN)
			if err != nil {
				return err
			}
			t.There, t.Ours = true, ours(tags)
			t.Have = []Setting{{"source", s.Rules[i].Identifier}, {want.parameter, limitOf(s.Rules[i], want.parameter)}}
		}
		rule := awsapi.ConfigRule{Name: name, Identifier: want.identifier, Description: madeHere, Parameters: want.parameters()}
		t.put = func(ctx context.Context) error { return s.session.PutConfigRule(ctx, rule, s.tagsOf(t)) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteConfigRule(ctx, name) }
		s.add(t)
	}
	return nil
}

// tagsOf are the tags for what is made; what is there keeps its own.
func (s *Site) tagsOf(t *Thing) map[string]string {
	if t.There {
		return nil
	}
	return tags()
}

func limitText(days int) string {
	if days == 0 {
		return ""
	}
	return count(days, "day")
}

// limitOf is a rule's limit as it is set; empty: it is not set.
func limitOf(r awsapi.ConfigRule, parameter string) string {
	var set map[string]any
	if json.Unmarshal([]byte(r.Parameters), &set) != nil || set[parameter] == nil {
		return ""
	}
	var days int
	if _, err := fmt.Sscan(fmt.Sprint(set[parameter]), &days); err != nil {
		return fmt.Sprint(set[parameter])
	}
	return limitText(days)
}

// DaysOf is the limit of a rule in days, its default where none is set.
func DaysOf(r awsapi.ConfigRule) int {
	for _, parameter := range []string{"maxAccessKeyAge", "maxCredentialUsageAge"} {
		var days int
		if _, err := fmt.Sscan(limitOf(r, parameter), &days); err == nil {
			return days
		}
	}
	return standardLimit[r.Identifier]
}

// sameRule is somebody else's rule that does the same; empty: none.
func (s *Site) sameRule(own string, want ruleWanted) string {
	for _, r := range s.Rules {
		if r.Name != own && r.Active && r.Identifier == want.identifier && DaysOf(r) == want.days {
			return r.Name
		}
	}
	return ""
}

// organizationRules are AWS Config's in every account.
func (s *Site) organizationRules(ctx context.Context) error {
	there, err := s.session.OrganizationRules(ctx)
	if err != nil {
		return err
	}
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		t := &Thing{Kind: "AWS Config rule of the organization", Name: name, Want: []Setting{{"source", want.identifier}, {want.parameter, limitText(want.days)}}}
		if i := slices.IndexFunc(there, func(r awsapi.OrganizationRule) bool { return r.Name == name }); i >= 0 {
			t.There, t.Ours = true, strings.HasPrefix(there[i].Description, madeHere) // it has no tags
			t.Have = []Setting{{"source", there[i].Identifier}, {want.parameter, limitOf(awsapi.ConfigRule{Parameters: there[i].Parameters}, want.parameter)}}
		}
		rule := awsapi.OrganizationRule{Name: name, Identifier: want.identifier, Description: madeHere, Parameters: want.parameters()}
		t.put = func(ctx context.Context) error { return s.session.PutOrganizationRule(ctx, rule) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteOrganizationRule(ctx, name) }
		s.add(t)
	}
	return nil
}
