package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/fakeaws"
)

// TestNoKeyForWhoDoesNotHoldTheOldOne: key IDs are no secrets. Whoever may write
// and tag a secret must not get a key of a user whose key ID he knows.
func TestNoKeyForWhoDoesNotHoldTheOldOne(t *testing.T) {
	for name, value := range map[string]string{
		"a made-up secret": `{"accessKeyId":"` + string(oldKey) + `","secretAccessKey":"made/up/EXAMPLEKEY"}`,
		"no secret":        `{"accessKeyId":"` + string(oldKey) + `","secretAccessKey":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(s *fakeaws.AccountSpec) { s.Secrets[0].Value = value }, func(w *world) {
				w.rotate(30)
				if u := w.user("ana"); len(u.Keys) != 1 || len(u.Tags) != 0 || len(w.fails) == 0 {
					t.Fatalf("keys %v, tags %v, failures %v", ids(u), u.Tags, w.fails)
				}
				if said := w.fails[0]; !strings.Contains(said, string(oldKey)) || !strings.Contains(said, "does not work with it") {
					t.Error(said)
				}
			})
		})
	}
}

// TestThePairIsProvedRightBeforeAKeyIsMade, not at the rotation's beginning alone:
// the record stands in tags, which others may write.
func TestThePairIsProvedRightBeforeAKeyIsMade(t *testing.T) {
	in(t, nil, func(w *world) {
		claimed := false
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			switch {
			case !w.calling:
			case strings.HasSuffix(c.Action, "CreateAccessKey"):
				t.Error("a key is asked for")
			case strings.HasSuffix(c.Action, "TagUser"):
				claimed = true
			case strings.HasSuffix(c.Action, "GetCallerIdentity") && claimed:
				return fakeaws.Refuse(403, "InvalidClientTokenId", "x")
			}
			return fakeaws.Proceed()
		})
		w.rotate(30)
		if u := w.user("ana"); len(u.Keys) != 1 || !claimed || len(w.fails) == 0 {
			t.Errorf("keys %v, failures %v", ids(u), w.fails)
		}
	})
}

// TestAKeyMadeJustNow takes some seconds until it works: that is waited for.
func TestAKeyMadeJustNow(t *testing.T) {
	in(t, nil, func(w *world) {
		made, err := w.iam().CreateAccessKey(w.t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("ana")})
		if err != nil {
			w.t.Fatal(err)
		}
		w.put(`{"accessKeyId":"` + *made.AccessKey.AccessKeyId + `","secretAccessKey":"` + *made.AccessKey.SecretAccessKey + `"}`)
		f := w.function()
		_ = w.session.AskTime(w.t.Context())
		a, err := f.Adopt(w.t.Context(), secretID, "ana")
		for range 10 { // until IAM lists it
			if err == nil {
				break
			}
			time.Sleep(500 * time.Millisecond)
			a, err = f.Adopt(w.t.Context(), secretID, "ana")
		}
		if err != nil || a.Fails != nil {
			w.t.Errorf("%v, %v", err, a.Fails)
		}
	})
}
