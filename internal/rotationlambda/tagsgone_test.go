package rotationlambda

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
)

// untag takes tags off the secret.
func (w *world) untag(keep func(string) bool) {
	w.t.Helper()
	d, err := w.secrets().DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
	if err != nil {
		w.t.Fatal(err)
	}
	var gone []string
	for _, t := range d.Tags {
		if !keep(*t.Key) {
			gone = append(gone, *t.Key)
		}
	}
	if _, err := w.secrets().UntagResource(w.t.Context(), &secretsmanager.UntagResourceInput{SecretId: aws.String(secretID), TagKeys: gone}); err != nil {
		w.t.Fatal(err)
	}
}

// TestTheTagsGoMeanwhile: whoever takes tags away that he does not know (Terraform
// does) takes the record with them, or what the reaper finds the secret by. Two keys
// are Active and nobody is at work on them: people are told within one run.
func TestTheTagsGoMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		keep func(tag string) bool
		says string
	}{
		"the record":            {func(tag string) bool { return !strings.HasPrefix(tag, OwnTags) }, "recover` rebuilds it"},
		"whose key it is":       {func(tag string) bool { return tag != UserTag }, "has no tag " + UserTag},
		"all that is keytend's": {func(tag string) bool { return !strings.HasPrefix(tag, "keytend:") }, "has no tag " + UserTag},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.rotate(30)
				w.until(accesskey.Overlap)
				w.untag(c.keep)
				w.fails = nil
				w.pass(2*time.Hour+time.Minute, 2*time.Hour)
				if said := strings.Join(w.fails, " "); !strings.Contains(said, c.says) {
					w.t.Errorf("the reaper said %q", said)
				}
				if name != "the record" {
					return
				}
				if s, err := w.function().Status(w.t.Context(), secretID); err != nil || !s.Lost {
					w.t.Errorf("status: %+v, %v", s, err)
				}
				w.recover()
				w.fails = nil
				w.live(15*day, 2*time.Hour)
				w.oneKeyLeft()
				if len(w.fails) > 0 {
					w.t.Errorf("once it was rebuilt: %v", w.fails)
				}
			})
		})
	}
}

// TestAReplicaIsLeftToItsRegion: the record is replicated with the secret's tags, to
// where another function may run.
func TestAReplicaIsLeftToItsRegion(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		f := w.function()
		f.Store = replica{f.Store}
		if seen, err := f.Reap(w.t.Context()); err != nil || seen.Secrets != 0 || len(seen.Failed) > 0 {
			w.t.Errorf("the reaper saw %+v, %v", seen, err)
		}
	})
}

// replica shows every secret as a replica of one elsewhere.
type replica struct{ Store }

func (r replica) Tagged(ctx context.Context, key string) iter.Seq2[awsapi.SecretDescription, error] {
	return func(yield func(awsapi.SecretDescription, error) bool) {
		for d, err := range r.Store.Tagged(ctx, key) {
			d.PrimaryRegion = "us-east-1"
			if !yield(d, err) {
				return
			}
		}
	}
}

func (r replica) Describe(ctx context.Context, id string) (awsapi.SecretDescription, error) {
	d, err := r.Store.Describe(ctx, id)
	d.PrimaryRegion = "us-east-1"
	return d, err
}

// TestAnotherKeyRestsBeforeItMakesRoom: the user's other key is Inactive, and is to
// rest for longer than Secrets Manager tries. It makes room all the same, and the
// next rotation finds that.
func TestAnotherKeyRestsBeforeItMakesRoom(t *testing.T) {
	in(t, func(s *fakeaws.AccountSpec) {
		s.Users[1].Keys = append(s.Users[1].Keys, fakeaws.KeySpec{
			ID: "AKIAI44QH8DHBEXAMPL2", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ", Status: "Inactive", Created: s.Created.AddDate(1, 0, 0),
		})
	}, func(w *world) {
		w.terms.Rest = 3 * day
		w.rotate(30)
		w.pass(3*day+12*time.Hour, 2*time.Hour)
		if u := w.user("ana"); w.has("AKIAI44QH8DHBEXAMPL2") {
			w.t.Errorf("keys %v, the record is %s", ids(u), stateOf(w.record()))
		}
		w.live(34*day, 4*time.Hour)
		w.oneKeyLeft()
	})
}

func (w *world) has(key string) bool {
	return slices.ContainsFunc(w.user("ana").Keys, func(k fakeaws.KeySpec) bool { return k.ID == key })
}

// TestStatusOfWhatWasCalledOff: the reaper takes the new key back when it comes, and
// no step of Secrets Manager does anything any more.
func TestStatusOfWhatWasCalledOff(t *testing.T) {
	in(t, nil, func(w *world) {
		w.before = map[step]func(){set: w.cancel}
		w.rotate(30)
		if s, err := w.function().Status(w.t.Context(), secretID); err != nil || s.Next.Kind != policy.RollBack {
			w.t.Errorf("the next step is %+v, %v", s.Next, err)
		}
		w.pass(4*time.Hour, 2*time.Hour)
		if u := w.user("ana"); len(u.Keys) != 1 || u.Keys[0].ID != string(oldKey) {
			w.t.Errorf("keys %v", ids(u))
		}
	})
}
