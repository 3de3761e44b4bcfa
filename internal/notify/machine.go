package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/webhook"
)

// EventType is what machines are sent.
const EventType = "keytend.notice.v1"

// cloudEvent is CloudEvents 1.0 in JSON, structured mode.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

// source names who sends, as CloudEvents want it: a URI reference.
const source = "/keytend"

func eventOf(m notice.Message, now time.Time) ([]byte, error) {
	data := json.RawMessage(m.Data)
	if len(data) == 0 {
		text, err := json.Marshal(map[string]string{"to": m.To, "title": m.Title, "text": m.Text})
		if err != nil {
			return nil, err
		}
		data = text
	}
	return json.Marshal(cloudEvent{"1.0", m.ID, source, EventType, m.To, now.UTC().Format(time.RFC3339), "application/json", data})
}

// hook posts CloudEvents, signed.
type hook struct{ webhook.Endpoint }

// Name implements Channel.
func (c hook) Name() string { return "webhook " + c.Host() }

// Send implements Channel.
func (c hook) Send(ctx context.Context, m notice.Message) error {
	body, err := eventOf(m, c.Now())
	if err != nil {
		return err
	}
	_, err = c.Post(ctx, m.ID, "application/cloudevents+json", body)
	return err
}

// topic is one of SNS.
type topic struct {
	arn    string
	topics Topics
}

// Name implements Channel.
func (c topic) Name() string { return "sns " + c.arn }

// snsLimit is SNS's for one message, in bytes, with room for the envelope.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const snsLimit = 250000

// Send implements Channel.
func (c topic) Send(ctx context.Context, m notice.Message) error {
	if err := c.topics.Publish(ctx, c.arn, snsSubject(m.Title), trim(addressed(m), snsLimit), m.ID); err != nil {
		return fmt.Errorf("%s: %w", c.Name(), err)
	}
	return nil
}

// snsSubject: printable ASCII that begins with a letter, digit or mark, at most
// 100 characters.
func snsSubject(title string) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, oneLine(title))
	if len(s) > 100 {
		s = s[:97] + "..."
	}
	return s
}

// bus is one of EventBridge.
type bus struct {
	name  string
	buses Buses
}

// Name implements Channel.
func (c bus) Name() string { return "eventbridge " + c.name }

// eventLimit is EventBridge's for one entry, with room for what goes beside it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const eventLimit = 250000

// Send implements Channel. The detail is the notice's data with its ID, so that
// rules can tell repeats.
func (c bus) Send(ctx context.Context, m notice.Message) error {
	detail, err := json.Marshal(struct {
		ID     string          `json:"id"`
		To     string          `json:"to,omitempty"`
		Title  string          `json:"title"`
		Notice json.RawMessage `json:"notice,omitempty"`
	}{m.ID, m.To, m.Title, m.Data})
	if err == nil && len(detail) > eventLimit {
		detail, err = json.Marshal(map[string]string{"id": m.ID, "to": m.To, "title": m.Title, "text": trim(m.Text, eventLimit/8)})
	}
	if err != nil {
		return err
	}
	if err := c.buses.PutEvent(ctx, c.name, "Keytend Notice", string(detail)); err != nil {
		return fmt.Errorf("%s: %w", c.Name(), err)
	}
	return nil
}
