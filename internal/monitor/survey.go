package monitor

import (
	"context"
	"encoding/json"

	"github.com/keytend/keytend/internal/awsapi"
)

// Site is an account's region as it was found.
type Site struct {
	Account, Region string
	Recorder        awsapi.Recorder
	Rules           []awsapi.ConfigRule // all there are, whoever made them
	Topic           string              // ARN of the topic that people are told by
	Things          []*Thing

	partition string
	options   Options
	session   *awsapi.Session
}

// Survey reads what there is in the session's region and what is wanted of it.
// It changes nothing.
func Survey(ctx context.Context, session *awsapi.Session, o Options) (*Site, error) {
	identity, err := session.Identity(ctx)
	if err != nil {
		return nil, err
	}
	region, _ := session.Region()
	s := &Site{Account: identity.Account, Region: region, partition: identity.Partition, options: o, session: session}
	if s.Recorder, err = session.ConfigRecorder(ctx); err != nil {
		return nil, err
	}
	if s.Rules, err = session.ConfigRules(ctx); err != nil {
		return nil, err
	}
	for _, look := range []func(context.Context) error{s.topic, s.rules, s.alarms, s.events} {
		if err := look(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func tags() map[string]string { return map[string]string{tagKey: tagValue} }

func ours(tags map[string]string) bool { return tags[tagKey] == tagValue }

func (s *Site) add(t *Thing) { s.Things = append(s.Things, t) }

func (s *Site) arn(service, resource string) string {
	return "arn:" + s.partition + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// sorted is a JSON text in one form, whoever wrote it.
func sorted(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	again, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(again)
}
