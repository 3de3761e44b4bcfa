package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
)

func TestRotationFromStepToStep(t *testing.T) {
	in(t, nil, func(w *world) {
		before, _ := w.value(current)
		w.rotate(30)
		r := w.record()
		if len(w.fails) > 0 || r.New == "" || w.holds().ID != r.New {
			t.Fatalf("after the four steps the secret holds %s, the record is %+v, failures %v", w.holds().ID, r, w.fails)
		}
		after, _ := w.value(current)
		want := strings.NewReplacer(string(oldKey), string(r.New), oldSecret, w.holds().Secret.Reveal()).Replace(before)
		if after != want {
			t.Error("the other fields changed")
		}
		if n := len(w.ownTags()); n > keptTags+mostTags {
			t.Errorf("the record takes %d tags", n)
		}
		if _, version := w.value(pending); version != "" {
			t.Error("AWSPENDING was left behind")
		}
		if tags := w.user("ana").Tags; !strings.HasPrefix(tags[rotation.ClaimTag], "fn.") || !strings.HasSuffix(tags[rotation.SecretTag], secretID+tags[rotation.SecretTag][len(tags[rotation.SecretTag])-7:]) {
			t.Errorf("the user's tags are %v", tags)
		}
		w.live(6*24*time.Hour, 2*time.Hour)
		if r := w.record(); r.Phase != accesskey.Done {
			t.Errorf("the record ends %s: %+v", r.Phase, r.Block)
		}
		w.oneKeyLeft()
	})
}

// live lets consumers use the secret meanwhile: one that reads it each time, one
// that keeps what it read for twelve hours.
func (w *world) live(d, reaps time.Duration) {
	w.t.Helper()
	var kept rotation.Credential
	var read time.Time
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		if err := w.works(w.holds()); err != nil {
			w.t.Errorf("%s: the reader fails with %s: %v", time.Now().Format(time.DateTime), w.holds().ID, err)
		}
		if time.Since(read) >= 12*time.Hour {
			kept, read = w.holds(), time.Now()
		}
		if err := w.works(kept); err != nil {
			w.t.Errorf("%s: who keeps it for twelve hours fails with %s: %v", time.Now().Format(time.DateTime), kept.ID, err)
		}
		if w.t.Failed() {
			return
		}
		w.pass(min(100*time.Minute, time.Until(end)), reaps)
	}
}

// oneKeyLeft: the key in the secret is the user's only one, Active, and not the
// one that it began with.
func (w *world) oneKeyLeft() {
	w.t.Helper()
	u, held := w.user("ana"), w.holds().ID
	if len(u.Keys) != 1 || u.Keys[0].Status != "Active" || u.Keys[0].ID != string(held) || held == oldKey {
		w.t.Errorf("keys %v, the secret holds %s", ids(u), held)
	}
}

func ids(u fakeaws.UserSpec) []string {
	var all []string
	for _, k := range u.Keys {
		all = append(all, k.ID+" "+k.Status)
	}
	return all
}

func TestWhatPeopleDoMeanwhile(t *testing.T) {
	edited := `{"accessKeyId":"` + string(oldKey) + `","secretAccessKey":"` + oldSecret + `","endpoint":"https://new.example.com"}`
	for name, c := range map[string]struct {
		before step
		do     func(*world)
		stands string // in AWSCURRENT after it
		again  bool   // the schedule rotates it later
	}{
		"a value put before finishSecret":  {finish, func(w *world) { w.put(edited) }, "new.example.com", true},
		"a value put before createSecret":  {create, func(w *world) { w.put(edited) }, "new.example.com", true},
		"cancelled before testSecret":      {test, (*world).cancel, "billing.example.com", false},
		"cancelled before finishSecret":    {finish, (*world).cancel, "billing.example.com", false},
		"the label taken before setSecret": {set, func(w *world) { w.unlabel() }, "billing.example.com", true},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.before = map[step]func(){c.before: func() { c.do(w) }}
				w.rotate(30)
				if text, _ := w.value(current); !strings.Contains(text, c.stands) || w.holds().ID != oldKey {
					t.Fatalf("what a person wrote was overwritten: key %s", w.holds().ID)
				}
				if c.again {
					w.live(36*24*time.Hour, 12*time.Hour)
					w.oneKeyLeft()
				} else {
					w.live(4*24*time.Hour, 6*time.Hour)
					if u := w.user("ana"); len(u.Keys) != 1 || u.Keys[0].ID != string(oldKey) {
						t.Errorf("keys %v: the new one was to be discarded", ids(u))
					}
				}
				if _, version := w.value(pending); version != "" {
					t.Error("AWSPENDING was left behind")
				}
				if text, _ := w.value(current); !strings.Contains(text, c.stands) {
					t.Error("what a person wrote beside the key is gone")
				}
			})
		})
	}
}

func TestWhatIsCheckedBeforeAnyStep(t *testing.T) {
	const token = "11111111-1111-1111-1111-111111111111"
	f := &Function{Account: account}
	for name, c := range map[string]struct {
		on     bool
		labels []string
		done   bool
		says   string
	}{
		"not switched on":   {false, []string{current}, false, "rotation is not switched on"},
		"not a version":     {true, nil, false, "none of the secret's"},
		"current already":   {true, []string{current}, true, ""},
		"current, pending":  {true, []string{current, pending}, true, ""},
		"not pending":       {true, []string{"AWSPREVIOUS"}, false, "does not carry AWSPENDING"},
		"as it is to be":    {true, []string{pending}, false, ""},
		"pending elsewhere": {true, []string{"KEYTEND"}, false, "does not carry AWSPENDING"},
	} {
		d := awsapi.SecretDescription{ARN: "arn", RotationEnabled: c.on, Versions: map[string][]string{}}
		if c.labels != nil {
			d.Versions[token] = c.labels
		}
		done, err := f.asked(d, Event{Token: token})
		if done != c.done || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", name, done, err)
		}
	}
	for text, want := range map[string]step{"createSecret": create, "create_secret": create, "set_secret": set, "testSecret": test, "finish_secret": finish, "": "", "create": ""} {
		if got := stepOf(text); got != want {
			t.Errorf("step %q is %q", text, got)
		}
	}
}

func TestASecretThatIsNotUnderstoodIsLeftAlone(t *testing.T) {
	for name, value := range map[string]string{
		"no JSON": "hunter2", "a list": `["a"]`, "no key in it": `{"user":"ana","password":"x"}`, "two keys": `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","AWS_ACCESS_KEY_ID":"AKIAI44QH8DHBEXAMPLE","secretAccessKey":"x"}`,
		"another's key": `{"accessKeyId":"AKIAI44QH8DHBEXAMPLE","secretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}`, "empty": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(s *fakeaws.AccountSpec) { s.Secrets[0].Value = value }, func(w *world) {
				w.rotate(30)
				text, _ := w.value(current)
				if u := w.user("ana"); text != value || len(u.Keys) != 1 || len(w.fails) == 0 {
					t.Errorf("%q, keys %v", text, ids(u))
				}
				if said := w.fails[0]; !strings.Contains(said, account) || !strings.Contains(said, "ana") || !strings.Contains(said, secretID) {
					t.Errorf("the error names not what it is about: %s", said)
				}
			})
		})
	}
}

func (w *world) cancel() {
	w.t.Helper()
	if _, err := w.secrets().CancelRotateSecret(w.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: aws.String(secretID)}); err != nil {
		w.t.Fatal(err)
	}
}

// unlabel is a person who takes AWSPENDING off, to have a rotation begin anew.
func (w *world) unlabel() {
	w.t.Helper()
	_, version := w.value(pending)
	if _, err := w.secrets().UpdateSecretVersionStage(w.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: aws.String(secretID), VersionStage: aws.String(pending), RemoveFromVersionId: aws.String(version),
	}); err != nil {
		w.t.Fatal(err)
	}
}
