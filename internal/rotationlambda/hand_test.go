package rotationlambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// meanwhile has something happen right before the n-th call of the function's that
// is one of those; it returns how many there have been.
func (w *world) meanwhile(n int, calls []string, do func()) *int {
	seen := new(int)
	w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if !w.calling || !slices.Contains(calls, c.Action) {
			return fakeaws.Proceed()
		}
		if *seen++; *seen == n {
			w.calling = false
			time.Sleep(10 * time.Millisecond)
			do()
			w.calling = true
		}
		return fakeaws.Proceed()
	})
	return seen
}

// TestAnOrderWhileTheReaperWrites: a person has the rotation rolled back between the
// reaper's read of the record and its write. The order stands, or the person is told
// that it doesn't; nothing that the reaper does is off the record.
func TestAnOrderWhileTheReaperWrites(t *testing.T) {
	var writes int
	in(t, nil, func(w *world) { writes, _ = w.orderBefore(0) })
	if writes < 10 {
		t.Fatalf("the reaper writes only %d times", writes)
	}
	for n := 1; n <= writes; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				_, err := w.orderBefore(n)
				told := err != nil || strings.Contains(w.log.String(), "came too late")
				if r := w.record(); told != r.RollbackAt.IsZero() {
					w.t.Errorf("the order: %v; the record is %s", err, stateOf(r))
				}
				if n%3 > 0 {
					return // days take seconds
				}
				w.live(12*day, 6*time.Hour)
				if r := w.record(); r.Live() && (r.Block == nil || r.Block.Reason != policy.WhyOldGone) {
					w.t.Errorf("the record is %s, waits for %q, %+v", stateOf(r), r.Watch.Waiting, r.Block)
				}
			})
		})
	}
}

// orderBefore is a rotation up to its end, which a person orders rolled back right
// before the reaper's n-th write of tags; 0: nobody does. How many there were.
func (w *world) orderBefore(n int) (writes int, order error) {
	w.t.Helper()
	w.rotate(30)
	w.until(accesskey.Overlap)
	record := w.record().ID
	seen := w.meanwhile(n, []string{"TagResource", "UntagResource"}, func() {
		_, order = w.hand().Give(w.t.Context(), secretID, "bo", Order{record, GoBack})
	})
	w.pass(40*time.Hour, 2*time.Hour)
	w.cloud.SetFault(nil)
	return *seen, order
}

// TestTheReaperWhileAnOrderIsWritten is the other way round: the reaper comes between
// a person's read of the record and the write.
func TestTheReaperWhileAnOrderIsWritten(t *testing.T) {
	for after := 0; after < 30; after += 3 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				w.rotate(30)
				w.until(accesskey.Overlap)
				w.pass(time.Duration(after)*time.Hour, 10000*time.Hour)
				tried, reaped := w.record(), false
				w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Action == "TagResource" && !w.calling && !reaped {
						reaped = true
						time.Sleep(10 * time.Millisecond)
						w.reap()
					}
					return fakeaws.Proceed()
				})
				_, err := w.hand().Give(w.t.Context(), secretID, "bo", Order{tried.ID, GoBack})
				w.cloud.SetFault(nil)
				w.reap()
				if r := w.record(); (err == nil) == r.RollbackAt.IsZero() {
					w.t.Errorf("the order: %v; the record was %s, is %s", err, stateOf(tried), stateOf(r))
				}
			})
		})
	}
}

// TestAnOrderWhileTheReaperIsSlow: the reaper gets an answer, and has not come to
// its next call when a person gives an order and has long left the terminal. The order
// is carried out, or people are told that it came too late.
func TestAnOrderWhileTheReaperIsSlow(t *testing.T) {
	var answers int
	in(t, nil, func(w *world) { answers, _ = w.orderAfter(0) })
	if answers < 20 {
		t.Fatalf("the reaper reads only %d times", answers)
	}
	for n := 2; n <= answers; n += 2 { // the others are much alike
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				_, err := w.orderAfter(n)
				w.reap()
				if r := w.record(); (err == nil && !strings.Contains(w.log.String(), "came too late")) == r.RollbackAt.IsZero() {
					w.t.Errorf("the order: %v; the record is %s", err, stateOf(r))
				}
				if left := ordersIn(w.ownTags(), found{}); len(left) > 0 {
					w.t.Errorf("the order waits still: %+v", left)
				}
			})
		})
	}
}

// orderAfter is a rotation up to its end, which a person orders rolled back after the
// n-th answer to the reaper's question how the secret stands; 0: nobody does. How many
// there were.
func (w *world) orderAfter(n int) (answers int, order error) {
	w.t.Helper()
	w.rotate(30)
	w.until(accesskey.Overlap)
	record := w.record().ID
	w.after = func(action string) {
		if action != "secretsmanager.DescribeSecret" {
			return
		}
		if answers++; answers == n {
			_, order = w.hand().Give(w.t.Context(), secretID, "bo", Order{record, GoBack})
			time.Sleep(time.Minute)
		}
	}
	w.pass(40*time.Hour, 2*time.Hour)
	w.after = nil
	return answers, order
}

// ahead is a clock that is some time before the others.
type ahead struct {
	rotation.Clock
	by time.Duration
}

func (c ahead) Now() time.Time { return c.Clock.Now().Add(c.by) }

// TestTwoOrders: two people read the same and write at the same moment. One order
// stands, and the other is told so.
func TestTwoOrders(t *testing.T) {
	for name, by := range map[string]time.Duration{"the later write is first": 0, "the later write is last": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.rotate(30)
				w.until(accesskey.Overlap)
				bo, cy := w.hand(), w.hand()
				bo.Rotator.Clock, cy.Rotator.Random = ahead{bo.Rotator.Clock, by}, func() string { return "another" }
				record := w.record().ID
				second, begun := make(chan error, 1), false
				w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Action != "TagResource" || begun {
						return fakeaws.Proceed()
					}
					begun = true
					time.Sleep(10 * time.Millisecond)
					go func() {
						_, err := cy.Give(w.t.Context(), secretID, "cy", Order{record, GoBack})
						second <- err
					}()
					time.Sleep(time.Second)
					return fakeaws.Proceed()
				})
				_, err := bo.Give(w.t.Context(), secretID, "bo", Order{record, GoBack})
				cys := <-second
				w.cloud.SetFault(nil)
				w.reap()
				bos := strings.Contains(w.log.String(), `"who":"bo","what":"rollback","record":"`+record+`","account":"123456789012","user":"ana","key":"`+string(oldKey)+`"}`)
				if w.record().RollbackAt.IsZero() || (err == nil) == (cys == nil) || (err == nil) != bos {
					w.t.Errorf("bo: %v, cy: %v, bo's was carried out: %v", err, cys, bos)
				}
			})
		})
	}
}

// TestAnOrderWhileAStepWrites: a person has the rotation rolled back before a call of
// one of its steps. The new key goes, and the next rotation is as any.
func TestAnOrderWhileAStepWrites(t *testing.T) {
	for n := 2; n < 40; n += 6 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			in(t, nil, func(w *world) {
				seen := w.meanwhile(n, mutating, func() {
					if _, err := w.hand().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, GoBack}); err != nil {
						w.t.Error(err)
					}
				})
				w.rotate(30)
				w.pass(3*time.Hour, 2*time.Hour)
				w.cloud.SetFault(nil)
				if *seen < n {
					return
				}
				w.live(5*day, 4*time.Hour)
				if u, r := w.user("ana"), w.record(); r.Live() || len(u.Keys) != 1 || r.RollbackAt.IsZero() || w.holds().ID != oldKey {
					w.t.Errorf("the record is %s; keys %v\n%s", stateOf(r), ids(u), strings.Join(w.fails, "\n"))
				}
				w.rotate(0)
				w.live(5*day, 4*time.Hour)
				w.oneKeyLeft()
			})
		})
	}
}

// refuse has AWS refuse one of the function's calls from now on.
func (w *world) refuse(action string) {
	w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if w.calling && c.Action == action {
			return fakeaws.Refuse(400, "ValidationException", "no")
		}
		return fakeaws.Proceed()
	})
}

// TestRolledBackBetweenTwoTries: the reaper carries the order out, and Secrets Manager's
// next try does not begin the rotation anew. Where nobody ordered it, it does.
func TestRolledBackBetweenTwoTries(t *testing.T) {
	for name, ordered := range map[string]bool{"by a person": true, "by nobody": false} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.refuse("CreateAccessKey")
				w.rotate(30)
				w.cloud.SetFault(nil)
				if ordered {
					if _, err := w.hand().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, GoBack}); err != nil {
						w.t.Fatal(err)
					}
				}
				w.reap()
				w.pass(3*time.Hour, 2*time.Hour)
				d, err := w.hand().Store.Describe(w.t.Context(), secretID)
				if err != nil {
					w.t.Fatal(err)
				}
				if rotated := w.holds().ID != oldKey; rotated == ordered || w.record().Live() == ordered || d.Labelled(pending) != "" {
					w.t.Errorf("the record is %s; labels %v", stateOf(w.record()), d.Versions)
				}
			})
		})
	}
}

// TestRolledBackWhenTheTriesAreOver: nobody comes back to the rotation but the reaper. It
// ends it within a day, so that the next can begin.
func TestRolledBackWhenTheTriesAreOver(t *testing.T) {
	in(t, nil, func(w *world) {
		w.refuse("CreateAccessKey")
		w.rotate(30)
		w.pass(4*time.Hour, 2*day)
		w.cloud.SetFault(nil)
		if _, err := w.hand().Give(w.t.Context(), secretID, "bo", Order{w.record().ID, GoBack}); err != nil {
			w.t.Fatal(err)
		}
		w.nextReap = time.Now()
		w.pass(26*time.Hour, 2*time.Hour)
		if w.record().Live() || w.holds().ID != oldKey {
			w.t.Errorf("the record is %s", stateOf(w.record()))
		}
		w.rotate(0) // AWS refuses where AWSPENDING was left
		w.live(10*day, 4*time.Hour)
		w.oneKeyLeft()
	})
}
