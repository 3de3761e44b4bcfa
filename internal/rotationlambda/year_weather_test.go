package rotationlambda

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
)

// looks are the calls between which and the change of a key nothing can be seen any
// more: AWS has no conditional one. Who puts an old key back just then has lost.
var looks = []string{"GetSecretValue", "UpdateAccessKey", "DeleteAccessKey"}

// writes are the function's calls that change something.
var writes = []string{"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:TagUser", "iam:UntagUser",
	"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "secretsmanager:TagResource", "secretsmanager:UntagResource"}

// fault says what befalls a call of the function's. A person may come before it.
func (y *year) fault(c fakeaws.Call) fakeaws.Fault {
	if !y.calling {
		return fakeaws.Proceed()
	}
	y.calling = false // whoever calls meanwhile is not the function
	y.late = slices.Contains(looks, c.Action)
	defer func() { y.late = false }()
	y.save()
	if !y.calm && y.random.IntN(1000) < disturbed {
		y.disturb()
	}
	name := c.Service + ":" + c.Action
	if name == "iam:CreateAccessKey" {
		y.crowded = y.crowded || len(y.user("ana").Keys) > 1
	}
	y.touched = y.touched || slices.Contains([]string{"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "secretsmanager:UpdateSecretVersionStage"}, name)
	odds := troubledReads
	if slices.Contains(writes, name) {
		odds = troubledWrites
		if !strings.HasSuffix(strings.ToLower(c.Action), "tagresource") {
			odds = troubledRare
		}
	}
	if y.calm || y.random.IntN(1000) >= odds {
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
		by := time.Duration(5+y.random.IntN(285)) * time.Second
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
	y.lastPut = time.Now()
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
	if y.draft == nil || y.late || time.Now().Before(y.draft.save) || time.Now().Before(y.flight) {
		return
	}
	d := y.draft
	y.draft = nil
	if c, err := document.Read(d.text); err == nil && y.active(c.ID) {
		y.say("a person saves %s: %v", c.ID, y.write(d.text))
		y.acted["saves"]++
	}
}

// answer is what a person does about a block: where AWSCURRENT holds another key
// than the record says, they put the new one back or have it all undone.
func (y *year) answer() {
	r := y.record()
	if r.Phase != accesskey.Blocked || r.Block == nil || time.Since(r.Block.Since) < 8*time.Hour {
		return
	}
	how := "retry"
	if y.random.IntN(2) == 0 {
		how = "rollback"
	} else if r.Block.Reason == policy.WhyHoldsOther {
		y.forward(r.New)
	}
	err := y.order(how)
	y.say("a person answers %q (%s) with %s: %v", r.Block.Reason, r.Block.Saw, how, err)
	y.acted["answers with "+how]++
}

// forward puts AWSCURRENT on the version that holds a key.
func (y *year) forward(key accesskey.ID) {
	text, before := y.value("AWSPREVIOUS")
	_, now := y.value(current)
	if c, err := document.Read(text); err == nil && c.ID == key && y.active(key) {
		y.say("a person moves AWSCURRENT to %s: %v", key, y.move(current, now, before))
	}
}

// order gives the record a person's order, as the command line does.
func (y *year) order(how string) error {
	calm := y.calm
	y.session, y.dead, y.calm = nil, false, true
	defer func() { y.calm = calm }()
	_, err := y.function().Give(y.t.Context(), secretID, "a person", Order{y.record().ID, how})
	return err
}

// active tells the truth about a key: one that was switched off a moment ago still
// opens some doors.
func (y *year) active(id accesskey.ID) bool {
	return slices.Contains(ids(y.user("ana")), string(id)+" Active")
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
	y.resume = time.Now().Add(time.Duration(1+y.random.IntN(48)) * time.Hour)
	return err
}

// onAgain switches rotation on after it was called off, once nothing hinders that:
// AWS wants AWSPENDING off first, which is the reaper's to do.
func (y *year) onAgain() {
	if y.resume.IsZero() || time.Now().Before(y.resume) {
		return
	}
	if err := y.rotateNow(); err == nil {
		y.say("a person switches rotation on again")
		y.resume = time.Time{}
	}
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
	if before == "" || err != nil || y.late || time.Now().Before(y.flight) || !y.active(c.ID) {
		return errNothingDone
	}
	return y.move(current, now, before)
}
