package rotation

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// block stops until a person chooses, or until what was seen is over.
func (p *pass) block(why accesskey.Reason, saw string) error {
	if p.blocked(why) {
		return nil
	}
	next := p.next()
	p.setBlock(&next, why, saw)
	return p.put(next, accesskey.Event{What: "blocked", Key: p.step.Key, Destination: p.step.Destination, Why: why, Note: saw, Alert: true})
}

// blocked reports that the record stands still for this very reason already.
func (p *pass) blocked(why accesskey.Reason) bool {
	b := p.record.Block
	return p.record.Phase == accesskey.Blocked && b != nil && b.Reason == why && b.Key == p.step.Key && b.Destination == p.step.Destination
}

func (p *pass) setBlock(next *accesskey.Record, why accesskey.Reason, saw string) {
	next.Block = &accesskey.Block{
		Reason: why, Saw: saw, Resume: next.Stage(),
		Since: p.now, Key: p.step.Key, Destination: p.step.Destination,
	}
	next.Phase = accesskey.Blocked
	var commands []string
	for _, c := range policy.Choices(*next) {
		commands = append(commands, p.command(next.Subject.User, c.Answer))
	}
	next.Block.Command = strings.Join(commands, ", or ")
}

func (p *pass) command(user, answer string) string {
	if p.Command != nil {
		return p.Command(user, answer)
	}
	return Command(user, answer)
}

// Command is what a person types to answer a block.
func Command(user, answer string) string {
	switch answer {
	case "rollback", "recover":
		return "keytend " + answer + " " + user
	}
	return "keytend resolve " + user + " " + answer
}
