package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// members are n accounts; those in closed can't be entered.
func members(n int, closed ...int) []Member {
	all := make([]Member, n)
	for i := range all {
		all[i] = Member{Account: accesskey.Account{ID: fmt.Sprintf("%012d", i+1)}}
		all[i].open = func(context.Context) (*awsapi.Session, error) {
			for _, c := range closed {
				if c == i+1 {
					return nil, fmt.Errorf("no way into %d", i+1)
				}
			}
			return nil, nil
		}
	}
	return all
}

func accounts(failed []accesskey.Failure) (ids []string) {
	for _, f := range failed {
		ids = append(ids, f.Account)
	}
	return ids
}

// TestEach: every account is visited, so many at once and no more, whatever
// becomes of the others.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			now, most atomic.Int64
			lock      sync.Mutex
			seen      = map[string]int{}
			told      []int
		)
		visit := Visit{
			AtOnce: 7,
			Look: func(_ context.Context, m Member, _ *awsapi.Session) error {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer now.Add(-1)
				time.Sleep(time.Second)
				lock.Lock()
				defer lock.Unlock()
				seen[m.ID]++
				if m.ID == "000000000040" {
					return errors.New("odd")
				}
				return nil
			},
			Progress: func(done, _ int) { told = append(told, done) },
		}
		began := time.Now()
		failed := visit.Each(t.Context(), members(50, 3, 17))
		if diff := cmp.Diff([]string{"000000000003", "000000000017", "000000000040"}, accounts(failed)); diff != "" {
			t.Error(diff)
		}
		if len(seen) != 48 || most.Load() != 7 || len(told) != 50 || told[49] != 50 {
			t.Errorf("%d seen, %d at once, told %v", len(seen), most.Load(), told)
		}
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("48 visits of a second, 7 at once, took %s", took)
		}
	})
}

// TestEachInterrupted: whoever was not visited to the end is missing.
func TestEachInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		done := map[string]bool{}
		failed := Visit{AtOnce: 1, Look: func(ctx context.Context, m Member, _ *awsapi.Session) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
				done[m.ID] = true
				return nil
			}
		}}.Each(ctx, members(6))
		if diff := cmp.Diff([]string{"000000000004", "000000000005", "000000000006"}, accounts(failed)); diff != "" || len(done) != 3 {
			t.Errorf("%v %s", done, diff)
		}
		for _, f := range failed {
			if f.Class != string(awsapi.Canceled) || f.Err == "" || f.Hint == "" {
				t.Errorf("%+v", f)
			}
		}
	})
}

func TestParseTerm(t *testing.T) {
	for text, want := range map[string]Term{
		"123456789012":          {account: "123456789012"},
		"ou:Workloads":          {path: []string{"Workloads"}},
		"ou:/Workloads/A b/":    {path: []string{"Workloads", "A b"}},
		"ou:ou-ab12-34cdefgh":   {unit: "ou-ab12-34cdefgh"},
		"ou:r-ab12":             {unit: "r-ab12"},
		"tag:env=prod":          {tag: "env", value: "prod"},
		"tag:aws:created-by==x": {tag: "aws:created-by", value: "=x"},
		"tag:env=":              {tag: "env"},
		"tag:env":               {tag: "env", anyValue: true},
	} {
		want.text = text
		got, err := ParseTerm(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Term{})); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{"", "12345678901", "1234567890123", "ou:", "ou:/", "tag:", "tag:=x", "name:x", "Workloads", "*"} {
		if term, err := ParseTerm(text); err == nil {
			t.Errorf("%q: %+v", text, term)
		}
	}
}

func term(t *testing.T, text string) Term {
	t.Helper()
	parsed, err := ParseTerm(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestSelection(t *testing.T) {
	c := candidate{
		MemberAccount: awsapi.MemberAccount{ID: "123456789012", Path: []string{"r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"}},
		tags:          map[string]string{"env": "prod", "empty": ""},
	}
	for _, test := range []struct {
		include, exclude []string
		want             bool
	}{
		{want: true},
		{include: []string{"123456789012"}, want: true},
		{include: []string{"210987654321"}},
		{include: []string{"210987654321", "tag:env"}, want: true},
		{include: []string{"tag:env=dev"}},
		{include: []string{"tag:empty="}, want: true},
		{include: []string{"tag:other="}},
		{include: []string{"ou:ou-ab12-11111111"}, want: true},
		{include: []string{"ou:r-ab12"}, exclude: []string{"ou:ou-ab12-22222222"}},
		{exclude: []string{"123456789012"}},
		{exclude: []string{"ou:ou-ab12-33333333", "tag:env=dev"}, want: true},
	} {
		var s Selection
		for _, text := range test.include {
			s.Include = append(s.Include, term(t, text))
		}
		for _, text := range test.exclude {
			s.Exclude = append(s.Exclude, term(t, text))
		}
		if got := s.means(&c); got != test.want {
			t.Errorf("include %v exclude %v: %v", test.include, test.exclude, got)
		}
	}
}

// TestUnplaced: where Organizations doesn't say where an account is, it is not
// entered if that matters.
func TestUnplaced(t *testing.T) {
	all := func() []candidate {
		return []candidate{{MemberAccount: awsapi.MemberAccount{ID: "123456789012", State: "ACTIVE"}}}
	}
	for text, missing := range map[string]int{"ou:r-ab12": 1, "123456789012": 0} {
		s := Selection{Include: []Term{term(t, text)}}
		candidates := all()
		s.unplaced(candidates)
		roster := Organization{}.sorted(s, candidates, awsapi.Identity{Account: "210987654321", Partition: "aws"})
		if len(roster.Missing) != missing || len(roster.Members) != 1-missing {
			t.Errorf("%s: %+v", text, roster)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, o := range []Organization{{}, {RoleName: "Audit"}, {RoleName: "team/Audit"}, {ExternalID: "a:b/c=1"}} {
		if err := o.Check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, o := range []Organization{{RoleName: "arn:aws:iam::123456789012:role/x"}, {RoleName: "a b"}, {ExternalID: "x"}, {ExternalID: "two words"}} {
		if o.Check() == nil {
			t.Errorf("%+v passes", o)
		}
	}
}
