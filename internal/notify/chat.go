package notify

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/webhook"
)

// chat is an incoming webhook of Slack or Teams: its URL is a secret as a whole.
type chat struct {
	kind string
	webhook.Endpoint
	body func(notice.Message) any
}

// Name implements Channel.
func (c chat) Name() string { return c.kind }

// Send implements Channel.
func (c chat) Send(ctx context.Context, m notice.Message) error {
	body, err := json.Marshal(c.body(m))
	if err != nil {
		return err
	}
	_, err = c.Post(ctx, m.ID, "application/json", body)
	return err
}

// chatLimit is what chats show of a text: Slack cuts at 40,000 characters, Teams
// refuses messages of more than 28 KB.
const chatLimit = 20000

// slackBody: what Slack would obey (&, <, >) is escaped, so that nobody's name
// wakes a channel up.
// https://docs.slack.dev/messaging/formatting-message-text/
func slackBody(m notice.Message) any {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	text := withoutMentions(addressed(m))
	return map[string]string{"text": "*" + escape(oneLine(m.Title)) + "*\n" + escape(trim(text, chatLimit))}
}

// teamsBody is an Adaptive Card, as a workflow that posts to a channel wants it.
// Its text is Markdown, which is kept from being obeyed.
// https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
func teamsBody(m notice.Message) any {
	type block map[string]any
	blocks := []block{{"type": "TextBlock", "text": plainMarkdown(oneLine(m.Title)), "weight": "Bolder", "size": "Medium", "wrap": true}}
	for line := range strings.Lines(trim(withoutMentions(addressed(m)), chatLimit)) {
		if line = strings.TrimSpace(line); line != "" {
			blocks = append(blocks, block{"type": "TextBlock", "text": plainMarkdown(line), "wrap": true, "spacing": "Small"})
		}
	}
	card := block{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks}
	return block{"type": "message", "attachments": []block{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

func plainMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<at>", "&lt;at&gt;", "`", "\\`").Replace(s)
}
