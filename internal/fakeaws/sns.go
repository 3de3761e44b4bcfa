package fakeaws

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TopicSpec describes a topic of SNS.
type TopicSpec struct {
	Region string // empty: us-east-1
	Name   string // ends with .fifo: first in, first out
}

// Publication is a message that a topic took.
type Publication struct {
	Topic, Subject, Message, ID string
	At                          time.Time
}

// snsService is SNS as far as topics take messages; it has no subscribers.
// https://docs.aws.amazon.com/sns/latest/api/
func snsService() service {
	return service{
		name: "sns", source: "sns.amazonaws.com", version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
		actions: map[string]action{
			"CreateTopic": {do: createTopic, needs: []string{"Name"}, on: func(r *request) target {
				return target{arn: r.account.in(r.region).arn("sns", r.value("Name"))}
			}},
			"Publish": {do: publish, needs: []string{"Message"}, asks: mayPublish},
		},
	}
}

// Published are the messages that an account's topics of a region took, oldest
// first.
func (a *AWS) Published(account, region string) []Publication {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return nil
	}
	return slices.Clone(acct.in(region).published)
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func errInvalidParameter(what string) *apiError {
	return &apiError{Status: 400, Code: "InvalidParameter", Message: "Invalid parameter: " + what}
}

// createTopic gives back the topic there is, if there is one.
func createTopic(r *request) (any, *apiError) {
	name := r.value("Name")
	if !topicName.MatchString(name) {
		return nil, errInvalidParameter("Topic Name")
	}
	home := r.account.in(r.region)
	home.topics[name] = true
	return struct{ TopicArn string }{home.arn("sns", name)}, nil
}

func mayPublish(r *request) *apiError {
	err := r.permit("sns:Publish", target{arn: cmp.Or(r.value("TopicArn"), r.value("TargetArn"), "*")}, r.account, "", false)
	if err != nil && err.Code == "AccessDenied" {
		err.Code = "AuthorizationError" // SNS has its own name for it
	}
	return err
}

// maxPublication is SNS's limit of a message, in bytes.
const maxPublication = 262144

var snsSubject = regexp.MustCompile(`^[!-~][ -~]{0,99}$`)

func publish(r *request) (any, *apiError) {
	arn, ok := parseARN(cmp.Or(r.value("TopicArn"), r.value("TargetArn")))
	subject, message := r.value("Subject"), r.value("Message")
	home := r.account.in(r.region)
	switch {
	case !ok || arn.service != "sns":
		return nil, errInvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
	case arn.region != r.region:
		return nil, errInvalidParameter("TopicArn")
	case arn.account != r.account.id || !home.topics[arn.resource]:
		return nil, &apiError{Status: 404, Code: "NotFound", Message: "Topic does not exist"}
	case subject != "" && !snsSubject.MatchString(subject):
		return nil, errInvalidParameter("Subject")
	case message == "":
		return nil, errInvalidParameter("Empty message")
	case len(message) > maxPublication:
		return nil, errInvalidParameter("Message too long")
	}
	fifo := strings.HasSuffix(arn.resource, ".fifo")
	if fifo && (r.value("MessageGroupId") == "" || r.value("MessageDeduplicationId") == "") {
		return nil, errInvalidParameter("The MessageGroupId and MessageDeduplicationId parameters are required for FIFO topics")
	}
	p := Publication{Topic: arn.resource, Subject: subject, Message: message, ID: r.value("MessageDeduplicationId"), At: r.now}
	if !fifo || !home.repeats(p) {
		home.published = append(home.published, p)
	}
	return struct{ MessageId string }{uuidOf(r.id, "message")}, nil
}

// repeats: a first-in-first-out topic takes a message once in five minutes.
func (s *stores) repeats(p Publication) bool {
	return slices.ContainsFunc(s.published, func(q Publication) bool {
		return q.Topic == p.Topic && q.ID == p.ID && p.At.Sub(q.At) < 5*time.Minute
	})
}
