package monitor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// The alarm about silence says in its description what was installed, so that
// nobody has to say it again.
const memoName = Prefix + "silent"

// memo spells what recalled reads.
func (o Options) memo() string {
	where := "in this account"
	switch {
	case o.WithoutConfig:
		where = "without AWS Config"
	case o.Organization:
		where = "in the organization"
	}
	return fmt.Sprintf(" Watched: max age %s, unused %s, %s.", spell(o.MaxAge), spell(o.Unused), where)
}

var memoForm = regexp.MustCompile(`Watched: max age ([0-9a-z ]+), unused ([0-9a-z ]+), (in this account|without AWS Config|in the organization)\.`)

// recalled reads a memo; false: there is none.
func recalled(text string) (Options, bool) {
	words := memoForm.FindStringSubmatch(text)
	if words == nil {
		return Options{}, false
	}
	age, ageErr := spelled(words[1])
	unused, unusedErr := spelled(words[2])
	return Options{MaxAge: age, Unused: unused, WithoutConfig: words[3] == "without AWS Config", Organization: words[3] == "in the organization"}, ageErr == nil && unusedErr == nil
}

// spelled is the length of time that spell has spelled.
func spelled(text string) (time.Duration, error) {
	number, _, days := strings.Cut(text, " day")
	if !days {
		return time.ParseDuration(text)
	}
	n, err := strconv.Atoi(number)
	return time.Duration(n) * policy.Day, err
}

// Found is what was installed in the session's region: limits, whose topic, with
// AWS Config or without. False: nothing that says so.
func Found(ctx context.Context, session *awsapi.Session) (Options, bool, error) {
	alarms, err := session.Alarms(ctx, memoName)
	i := slices.IndexFunc(alarms, func(a awsapi.Alarm) bool { return a.Name == memoName })
	if err != nil || i < 0 {
		return Options{}, false, err
	}
	tags, err := session.AlarmTags(ctx, alarms[i].ARN)
	o, told := recalled(alarms[i].Description)
	if err != nil || !told || !ours(tags) {
		return Options{}, false, err
	}
	o.Topic, err = foundTopic(ctx, session, alarms[i].Actions)
	return o, true, err
}

// foundTopic is somebody's own topic that the alarm tells; empty: ours, or one
// that is gone.
func foundTopic(ctx context.Context, session *awsapi.Session, actions []string) (string, error) {
	if len(actions) != 1 || strings.HasSuffix(actions[0], ":"+strings.TrimSuffix(Prefix, "-")) || !strings.Contains(actions[0], ":sns:") {
		return "", nil
	}
	_, there, err := session.TopicPolicy(ctx, actions[0])
	if err != nil || !there {
		return "", err
	}
	return actions[0], nil
}
