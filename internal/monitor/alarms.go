package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
)

func (s *Site) alarms(ctx context.Context) error {
	there, err := s.session.Alarms(ctx, Prefix)
	if err != nil {
		return err
	}
	for _, want := range s.options.alarms(s.Topic) {
		t := &Thing{Kind: "alarm", Name: want.Name, About: want.Description, Want: alarmSettings(want)}
		if i := slices.IndexFunc(there, func(a awsapi.Alarm) bool { return a.Name == want.Name }); i >= 0 {
			tags, err := s.session.AlarmTags(ctx, there[i].ARN)
			if err != nil {
				return err
			}
			t.There, t.Ours, t.Have = true, ours(tags), alarmSettings(there[i])
			t.Note = fmt.Sprintf("%s since %s", there[i].State, stamp(there[i].Since))
		}
		t.put = func(ctx context.Context) error { return s.session.PutAlarm(ctx, want, s.tagsOf(t)) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteAlarm(ctx, want.Name) }
		s.add(t)
	}
	return nil
}

// alarmSettings are what of an alarm can be otherwise than wanted.
func alarmSettings(a awsapi.Alarm) []Setting {
	metric := a.Metric
	for _, name := range slices.Sorted(maps.Keys(a.Dimensions)) {
		metric += " " + name + "=" + a.Dimensions[name]
	}
	comparison := map[string]string{"GreaterThanThreshold": ">", "LessThanThreshold": "<"}[a.Comparison]
	if comparison == "" {
		comparison = a.Comparison
	}
	actions := "on"
	if a.Silenced {
		actions = "off"
	}
	return []Setting{
		{"metric", a.Namespace + " " + metric}, {"if", a.Statistic + " " + comparison + " " + strconv.FormatFloat(a.Threshold, 'f', -1, 64)},
		{"in", fmt.Sprintf("%d of %d x %.0f minutes", a.Datapoints, a.Periods, a.Period.Minutes())}, {"missing data", a.Missing},
		{"tells", strings.Join(a.Actions, " ")}, {"tells of its end", strings.Join(a.OKActions, " ")}, {"actions", actions}, {"in the words", a.Description},
	}
}
