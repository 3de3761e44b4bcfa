package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/fakeaws"
)

// people are at the secret and at the user now and then. They break no consumer by
// themselves: a key that somebody has in hand they leave alone.
type people struct {
	put     time.Time // when one of them last stored a value
	draft   string    // what one has open in an editor
	save    time.Time // when that is saved
	resume  time.Time // when rotation is switched on again; zero: it is on
	own     string    // a key that a person made
	ownEnds time.Time // when its maker deletes it
	heard   string    // what keytend told them

	lastHeard string // the last of it
}

var errNothingToDo = errors.New("nothing to do")

// betweenCalls: people don't wait until the function has ended.
func (y *programYear) betweenCalls() {
	y.saveDraft()
	if !y.calm && y.random.IntN(1000) < programDisturbed {
		y.disturb()
	}
}

// lookIn is what people do every few hours.
func (y *programYear) lookIn() {
	y.storm.inside.Store(true)
	defer y.storm.inside.Store(false)
	y.saveDraft()
	if !y.calm && y.random.IntN(1000) < 12 {
		y.disturb()
	}
	y.tidyUp()
	y.answer()
}

func (y *programYear) disturb() {
	acts := []struct {
		name string
		do   func() error
	}{
		{"adds a field", y.addField}, {"opens an editor", y.openEditor}, {"rotates now", y.rotateNow}, {"calls it off", y.callOff},
		{"takes AWSPENDING off", y.takeOff}, {"tags the secret", y.tagSecret}, {"moves AWSCURRENT back", y.moveBack},
		{"switches the old key off", y.switchOff}, {"switches a resting key on", y.switchOn}, {"makes a key", y.makeKey},
	}
	act := acts[y.random.IntN(len(acts))]
	err := act.do()
	if errors.Is(err, errNothingToDo) {
		return
	}
	y.say("a person %s: %v", act.name, err)
	y.acted[act.name]++
	y.useAll()
}

// addField adds a field that is not the function's to what the secret holds now.
func (y *programYear) addField() error {
	text, _ := y.version("AWSCURRENT")
	return y.write(strings.TrimSuffix(strings.TrimSpace(text), "}") + fmt.Sprintf(`,"field%d":"x"}`, y.acted["adds a field"]))
}

func (y *programYear) write(text string) error {
	y.people.put = y.cloud.Now()
	_, err := y.secretsManager().PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("prod/billing"), SecretString: &text})
	return err
}

func (y *programYear) openEditor() error {
	y.people.draft, _ = y.version("AWSCURRENT")
	y.people.save = y.cloud.Now().Add(time.Duration(y.random.IntN(20)) * time.Minute)
	return nil
}

// saveDraft writes what was open, unless that would bring a key back which does not
// work any more, or is about to.
func (y *programYear) saveDraft() {
	if y.people.draft == "" || y.cloud.Now().Before(y.people.save) || y.late || y.cloud.Now().Before(y.flight) {
		return
	}
	if y.activeIn(y.people.draft) {
		y.say("a person saves: %v", y.write(y.people.draft+" "))
		y.acted["saves"]++
	}
	y.people.draft = ""
}

// activeIn tells the truth about the key in a text.
func (y *programYear) activeIn(text string) bool {
	return slices.ContainsFunc(y.user().Keys, func(k fakeaws.KeySpec) bool { return k.Status == "Active" && strings.Contains(text, k.ID) })
}

func (y *programYear) rotateNow() error {
	_, err := y.secretsManager().RotateSecret(context.Background(), &secretsmanager.RotateSecretInput{SecretId: aws.String("prod/billing")})
	return err
}

func (y *programYear) callOff() error {
	_, err := y.secretsManager().CancelRotateSecret(context.Background(), &secretsmanager.CancelRotateSecretInput{SecretId: aws.String("prod/billing")})
	y.people.resume = y.cloud.Now().Add(time.Duration(1+y.random.IntN(48)) * time.Hour)
	return err
}

func (y *programYear) takeOff() error {
	d := y.describe()
	for version, labels := range d.VersionIdsToStages {
		if slices.Contains(labels, "AWSPENDING") {
			return y.move("AWSPENDING", version, "")
		}
	}
	return errNothingToDo
}

func (y *programYear) move(label, from, to string) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("prod/billing"), VersionStage: &label, RemoveFromVersionId: &from}
	if to != "" {
		in.MoveToVersionId = &to
	}
	_, err := y.secretsManager().UpdateSecretVersionStage(context.Background(), in)
	return err
}

func (y *programYear) tagSecret() error {
	_, err := y.secretsManager().TagResource(context.Background(), &secretsmanager.TagResourceInput{SecretId: aws.String("prod/billing"),
		Tags: []types.Tag{{Key: aws.String("touched"), Value: aws.String(y.cloud.Now().Format(time.RFC3339))}}})
	return err
}

// moveBack puts AWSCURRENT where it was before, if what is there works.
func (y *programYear) moveBack() error {
	text, before := y.version("AWSPREVIOUS")
	_, now := y.version("AWSCURRENT")
	if before == "" || y.late || y.cloud.Now().Before(y.flight) || !y.activeIn(text) {
		return errNothingToDo
	}
	return y.move("AWSCURRENT", now, before)
}

// switchOff ends a key that nobody has in hand and no label names.
func (y *programYear) switchOff() error {
	return y.set("Active", iamtypes.StatusTypeInactive)
}

// switchOn is a veto: the person wants the key that rests.
func (y *programYear) switchOn() error {
	return y.set("Inactive", iamtypes.StatusTypeActive)
}

func (y *programYear) set(from string, to iamtypes.StatusType) error {
	current, pending := y.read("AWSCURRENT"), y.read("AWSPENDING")
	for _, k := range y.user().Keys {
		_, inHand := y.held[k.ID]
		if k.Status != from || k.ID == current.id || k.ID == pending.id || inHand || y.late || y.cloud.Now().Before(y.flight) {
			continue
		}
		_, err := iam.NewFromConfig(y.admin()).UpdateAccessKey(context.Background(), &iam.UpdateAccessKeyInput{UserName: aws.String("billing"), AccessKeyId: &k.ID, Status: to})
		return err
	}
	return errNothingToDo
}

// makeKey is a colleague's key beside ours, for a few days.
func (y *programYear) makeKey() error {
	if y.people.own != "" {
		return errNothingToDo
	}
	out, err := iam.NewFromConfig(y.admin()).CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{UserName: aws.String("billing")})
	if err != nil {
		return err
	}
	y.people.own, y.people.ownEnds = *out.AccessKey.AccessKeyId, y.cloud.Now().Add(time.Duration(1+y.random.IntN(72))*time.Hour)
	return nil
}

// tidyUp ends what people began.
func (y *programYear) tidyUp() {
	p := &y.people
	if p.own != "" && (y.calm || y.cloud.Now().After(p.ownEnds)) {
		_, err := iam.NewFromConfig(y.admin()).DeleteAccessKey(context.Background(), &iam.DeleteAccessKeyInput{UserName: aws.String("billing"), AccessKeyId: &p.own})
		y.say("a person deletes %s, which they made: %v", p.own, err)
		p.own = ""
	}
	if !p.resume.IsZero() && (y.calm || y.cloud.Now().After(p.resume)) && y.rotateNow() == nil {
		y.say("a person switches rotation on again")
		p.resume = time.Time{}
	}
}

// answer is what a person does about a block, by the command line.
func (y *programYear) answer() {
	state := y.state()
	_, since, _ := strings.Cut(state, " since ")
	since, why, _ := strings.Cut(since, " ")
	at, err := time.Parse(time.RFC3339, since)
	ended := strings.Contains(state, ": done") || strings.Contains(state, ": rolled back")
	if err != nil || ended {
		return
	}
	waits := y.cloud.Now().Sub(at)
	if !strings.Contains(state, ": blocked ") {
		y.slowest = max(y.slowest, waits)
		if waits > programLingers {
			y.t.Errorf("%s: the record lingers\n%s", y.day(), y.status())
		}
		return
	}
	if waits < 8*time.Hour {
		return
	}
	answers := []string{"retry", "rollback", "force", "keep", "drop"}
	if y.random.IntN(2) == 0 {
		answers[0], answers[1] = answers[1], answers[0]
	}
	for _, answer := range answers {
		if y.keytend("secret", "resolve", "prod/billing", answer, "--yes") == nil {
			y.say("a person answers %q with %s", why, answer)
			y.acted["answers with "+answer]++
			return
		}
	}
	y.say("no answer is taken to %s", state)
}

// keytend is the program in a person's terminal.
func (y *programYear) keytend(args ...string) error {
	id, secret := y.cloud.AdminKey("123456789012")
	c := exec.Command("keytend", args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + y.t.TempDir(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_ENDPOINT_URL=" + y.url, "KEYTEND_SIM_PID=" + fmt.Sprint(os.Getpid()), transcriptVariable + "=" + y.t.TempDir()}
	out, err := c.CombinedOutput()
	y.people.heard, y.people.lastHeard = y.people.heard+string(out), string(out)
	if err != nil {
		y.say("keytend %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return err
}
