package rotationlambda

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/fakeaws"
)

// before comes before each of the function's calls: a person may come between.
func (y *year) before(*http.Request) error {
	y.save()
	if !y.calm && y.random.IntN(1000) < disturbed {
		y.disturb()
	}
	y.quiet = false
	return nil
}

// fault says what befalls a call. People's own calls are spared.
func (y *year) fault(c fakeaws.Call) fakeaws.Fault {
	if y.quiet {
		return fakeaws.Proceed()
	}
	y.quiet = true // until the function's next call
	name := c.Service + ":" + c.Action
	if name == "iam:CreateAccessKey" {
		y.worst = max(y.worst, len(y.user("ana").Keys)+1)
	}
	if y.calm || y.random.IntN(1000) >= trouble {
		return fakeaws.Proceed()
	}
	switch y.rarest(name, "throttled", "broken", "answer lost", "late", "died before", "died after") {
	case "throttled":
		return fakeaws.Refuse(400, "Throttling", "Rate exceeded")
	case "broken":
		return fakeaws.Refuse(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
	case "answer lost":
		return fakeaws.LoseAnswer()
	case "late":
		by := time.Duration(5+y.random.IntN(600)) * time.Second
		y.flight = time.Now().Add(by)
		return fakeaws.Delay(by)
	case "died before":
		y.dead = true
		return fakeaws.Refuse(500, "InternalFailure", "nobody hears this")
	}
	y.dead = true // the call is carried out, and nobody hears of it
	return fakeaws.Proceed()
}

// rarest chooses what has befallen the call least often.
func (y *year) rarest(call string, kinds ...string) string {
	seen := y.struck[call]
	if seen == nil {
		seen = map[string]int{}
		y.struck[call] = seen
	}
	at := y.random.IntN(len(kinds))
	kinds = slices.Concat(kinds[at:], kinds[:at])
	least := slices.MinFunc(kinds, func(a, b string) int { return seen[a] - seen[b] })
	seen[least]++
	y.say("%s: %s", call, least)
	return least
}

// disturb is a person at the secret.
func (y *year) disturb() {
	was := y.quiet
	y.quiet = true
	defer func() { y.quiet = was }()
	acts := []struct {
		name string
		do   func() error
	}{
		{"edits another field", y.edit}, {"opens an editor", y.open}, {"rotates now", y.rotateNow}, {"calls it off", y.cancel},
		{"takes AWSPENDING off", y.takeOff}, {"tags", y.tag}, {"moves AWSCURRENT back", y.moveBack},
	}
	act := acts[y.random.IntN(len(acts))]
	err := act.do()
	if errors.Is(err, errNothingDone) {
		return
	}
	y.say("a person %s: %v", act.name, err)
	y.acted[act.name]++
	y.useAll()
}

var errNothingDone = errors.New("nothing to do")

// edit changes a field that is not the function's, on what the secret holds now.
func (y *year) edit() error {
	text, _ := y.value(current)
	return y.write(text)
}

func (y *year) write(text string) error {
	_, err := y.secrets().PutSecretValue(y.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(secretID), SecretString: aws.String(text + " ")})
	return err
}

// open reads the secret into an editor, from which it is saved some minutes later.
func (y *year) open() error {
	text, _ := y.value(current)
	y.draft = &draft{text, time.Now().Add(time.Duration(y.random.IntN(20)) * time.Minute)}
	return nil
}

// save writes what was open, unless that would bring a key back which does not
// work any more: that is not ours to prevent.
func (y *year) save() {
	if y.draft == nil || time.Now().Before(y.draft.save) || time.Now().Before(y.flight) {
		return
	}
	was := y.quiet
	y.quiet = true
	defer func() { y.quiet = was }()
	d := y.draft
	y.draft = nil
	if c, err := document.Read(d.text); err == nil && y.works(c) == nil {
		y.say("a person saves %s: %v", c.ID, y.write(d.text))
		y.acted["saves"]++
	}
}

func (y *year) rotateNow() error {
	_, err := y.secrets().RotateSecret(y.t.Context(), &secretsmanager.RotateSecretInput{SecretId: aws.String(secretID)})
	return err
}

// cancel calls rotation off, or switches it on again.
func (y *year) cancel() error {
	d, err := y.secrets().DescribeSecret(y.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
	if err != nil {
		return err
	}
	if !aws.ToBool(d.RotationEnabled) {
		return y.rotateNow()
	}
	_, err = y.secrets().CancelRotateSecret(y.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: aws.String(secretID)})
	return err
}

func (y *year) takeOff() error {
	_, version := y.value(pending)
	if version == "" {
		return errNothingDone
	}
	return y.move(pending, version, "")
}

func (y *year) move(label, from, to string) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String(secretID), VersionStage: &label, RemoveFromVersionId: &from}
	if to != "" {
		in.MoveToVersionId = &to
	}
	_, err := y.secrets().UpdateSecretVersionStage(y.t.Context(), in)
	return err
}

func (y *year) tag() error {
	_, err := y.secrets().TagResource(y.t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(secretID), Tags: []types.Tag{
		{Key: aws.String("touched"), Value: aws.String(time.Now().Format(time.RFC3339))},
	}})
	return err
}

// moveBack puts AWSCURRENT back where it was, if what is there still works.
func (y *year) moveBack() error {
	text, before := y.value("AWSPREVIOUS")
	_, now := y.value(current)
	c, err := document.Read(text)
	if before == "" || err != nil || time.Now().Before(y.flight) || y.works(c) != nil {
		return errNothingDone
	}
	return y.move(current, now, before)
}
