package rotationlambda

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
)

var (
	yearSeed = flag.Uint64("year.seed", 1, "what the years' weather comes from")
	years    = flag.Int("year.count", 1, "how many years, each of its own seed")
	yearDays = flag.Int("year.days", 365, "how long a year is")
	yearSays = flag.Bool("year.say", false, "tell what happens in the year")
)

const (
	day = 24 * time.Hour
	// rotateEvery is the secret's schedule, in days.
	rotateEvery = 8
	// lingersAtMost is how long a record may be in one phase without a word to people.
	// The longest is a rollback: until the new key is silent (overlap_max, five days,
	// then a person is asked, and those days begin anew when they say retry), its rest,
	// and what goes wrong meanwhile. In forty years it took six days and a quarter.
	lingersAtMost = 15 * day
	// stuckAfter is how long people let a secret be that ought to have rotated.
	stuckAfter = 6 * rotateEvery * day
	// Of a thousand calls of the function so many go wrong, of those that change
	// something more, of the rare ones the most, and between so many a person comes.
	troubledReads, troubledWrites, troubledRare, disturbed = 12, 120, 250, 2
	troubledRuns                                           = 25 // of a thousand invocations
)

// year is a world whose secret rotates by its schedule while everything goes
// wrong that can, and people edit the secret. It is held to three things: no
// consumer ever fails, there are never more than two keys, and it goes on.
type year struct {
	*world
	random *rand.Rand
	from   time.Time
	keys   []cached // who read the secret, and when
	draft  *draft   // what a person has open in an editor
	calm   bool     // nothing goes wrong any more
	resume time.Time
	flight time.Time // until when a lost call of the function may still be carried out
	late   bool      // the function has looked, and is about to take a key from somebody

	struck   map[string]map[string]int // call → fault → how often
	acted    map[string]int            // what people did
	touched  bool                      // a key or a label was changed since consumers last used what they have
	rotated  int
	worst    int  // how many keys there were at once
	crowded  bool // a third was asked for, which AWS's quota refuses: a lost call had come late
	lastKey  accesskey.ID
	lastMove time.Time
	lastPut  time.Time // by a person: from then on the schedule counts
	slowest  lingering
}

// lingering is how long a record was in one phase, and what it waited for.
type lingering struct {
	time.Duration
	what string
}

type cached struct {
	rotation.Credential
	at time.Time
}

type draft struct {
	text string
	save time.Time
}

// TestYear is the promise of a rotation function: a secret made as in AWS's
// documentation rotates by its schedule for a year.
func TestYear(t *testing.T) {
	for n := range *years {
		seed := *yearSeed + uint64(n)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed) // the SDK's pauses between tries
			synctest.Test(t, func(t *testing.T) { newYear(t, seed).live(time.Duration(*yearDays) * day) })
		})
	}
}

func newYear(t *testing.T, seed uint64) *year {
	t.Helper()
	w := newWorld(t, func(s *fakeaws.AccountSpec) {
		s.Secrets = nil
		s.Functions[0].Policy = strings.Replace(s.Functions[0].Policy, `"secretsmanager.amazonaws.com"`, `["secretsmanager.amazonaws.com","events.amazonaws.com"]`, 1)
	})
	y := &year{world: w, random: rand.New(rand.NewPCG(seed, 1)), from: time.Now(), struck: map[string]map[string]int{}, acted: map[string]int{}}
	y.makeSecret()
	y.scheduleReaper()
	w.cloud.SetFault(y.fault)
	w.cloud.SetFunctionCode(functionARN, y.invoke)
	return y
}

// makeSecret makes the secret and has it rotated, by the calls of AWS's
// documentation.
func (y *year) makeSecret() {
	_, err := y.secrets().CreateSecret(y.t.Context(), &secretsmanager.CreateSecretInput{
		Name:         aws.String(secretID),
		SecretString: aws.String(fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q,"endpoint":"https://billing.example.com"}`, oldKey, oldSecret)),
		Tags:         []types.Tag{{Key: aws.String(UserTag), Value: aws.String("ana")}},
	})
	y.must(err)
	_, err = y.secrets().RotateSecret(y.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: aws.String(secretID), RotationLambdaARN: aws.String(functionARN),
		RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(rotateEvery)},
	})
	y.must(err)
}

// scheduleReaper has the function invoked every six hours.
func (y *year) scheduleReaper() {
	id, secret := y.cloud.AdminKey(account)
	c := eventbridge.NewFromConfig(y.as(id, secret, "colleague"))
	_, err := c.PutRule(y.t.Context(), &eventbridge.PutRuleInput{Name: aws.String("keytend-reap"), ScheduleExpression: aws.String("rate(6 hours)")})
	y.must(err)
	_, err = c.PutTargets(y.t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("keytend-reap"), Targets: []eventtypes.Target{
		{Id: aws.String("reap"), Arn: aws.String(functionARN), Input: aws.String(`{"task":"reap"}`)},
	}})
	y.must(err)
}

func (y *year) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *year) say(format string, args ...any) {
	if *yearSays {
		y.t.Logf("day %6.2f  %s", time.Since(y.from).Hours()/24, fmt.Sprintf(format, args...))
	}
}

// live lets the time pass, and then three weeks in which nothing goes wrong.
func (y *year) live(d time.Duration) {
	y.pass(time.Now().Add(d))
	y.calm = true
	y.pass(time.Now().Add(3 * rotateEvery * day))
	y.judge(d)
}

// damage stops the year where the record can't be read any more.
func (y *year) damage(err error) {
	if err != nil && errors.Is(err, errDamaged) && !y.t.Failed() {
		d, _ := y.secrets().DescribeSecret(y.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
		for _, tag := range d.Tags {
			y.t.Logf("%s = %.40s", *tag.Key, *tag.Value)
		}
		y.t.Errorf("day %.4f: %v", time.Since(y.from).Hours()/24, err)
	}
}

// pass does what is due in its time; every so often consumers use their keys, and
// people look in.
func (y *year) pass(end time.Time) {
	next := time.Now()
	for time.Now().Before(end) && !y.t.Failed() {
		if !time.Now().Before(next) {
			y.consume()
			if !y.calm && y.random.IntN(1000) < 12 {
				y.disturb()
			}
			y.answer()
			y.onAgain()
			next = time.Now().Add(3 * time.Hour)
		}
		at := next
		if due, any := y.cloud.NextDue(); any && due.Before(at) {
			at = due
		}
		time.Sleep(max(time.Until(at), 0))
		y.save()
		y.cloud.RunDue(y.t.Context())
	}
}

// consume uses the key that the secret holds, and those that somebody read in the
// last twelve hours.
func (y *year) consume() {
	held := y.holds()
	if held.ID != y.lastKey {
		y.rotated, y.lastKey, y.lastMove = y.rotated+1, held.ID, time.Now()
		y.say("the secret holds %s", held.ID)
	}
	if time.Since(y.lastMove) > stuckAfter && time.Since(y.lastPut) > stuckAfter {
		y.t.Errorf("day %.2f: nothing has come of the schedule for %s\n%s", time.Since(y.from).Hours()/24, stuckAfter, y.status())
	}
	y.lingers(y.record())
	y.keys = append(y.keys, cached{held, time.Now()})
	fresh := y.keys[:0]
	for _, k := range y.keys {
		if time.Since(k.at) < 12*time.Hour {
			fresh = append(fresh, k)
		}
	}
	y.keys = fresh
	y.useAll()
}

// lingers: no record stays in one phase for long without a word to people.
func (y *year) lingers(r accesskey.Record) {
	if r.ID == "" || !r.Live() || r.Phase == accesskey.Blocked {
		return
	}
	since := time.Since(r.Since)
	if since > y.slowest.Duration {
		y.slowest = lingering{since, fmt.Sprintf("day %.2f: %s, waits for %q", time.Since(y.from).Hours()/24, stateOf(r), r.Watch.Waiting)}
	}
	if since > lingersAtMost {
		y.t.Errorf("day %.2f: the record lingers\n%s", time.Since(y.from).Hours()/24, y.status())
	}
}

// useAll lets every consumer use what it has.
func (y *year) useAll() {
	tried := map[accesskey.ID]bool{}
	y.worst = max(y.worst, len(y.user("ana").Keys))
	for _, k := range append(y.keys, cached{y.holds(), time.Now()}) {
		if tried[k.ID] {
			continue
		}
		tried[k.ID] = true
		if err := y.works(k.Credential); err != nil {
			y.t.Errorf("day %.2f: who read %s %s ago fails: %v\n%s", time.Since(y.from).Hours()/24, k.ID, time.Since(k.at), err, y.status())
		}
	}
}

func (y *year) status() string {
	r := y.record()
	return fmt.Sprintf("keys %v, the secret holds %s, the record is %s, waits for %q (deliveries %+v, alerted %v)\nlast failures: %s", ids(y.user("ana")), y.holds().ID, stateOf(r), r.Watch.Waiting, r.Deliveries, r.Alerted,
		strings.Join(y.fails[max(0, len(y.fails)-3):], "\n  "))
}

// invoke is the function, whose outcome gets lost now and then.
func (y *year) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event struct{ Step, Task string }
	y.must(json.Unmarshal(payload, &event))
	name := "invoke:" + event.Step + event.Task
	kind := ""
	if !y.calm && y.random.IntN(1000) < troubledRuns {
		kind = y.rarest(name, "never begun", "outcome lost", "out of time")
	}
	switch kind {
	case "never begun":
		return nil, errors.New("the sandbox did not start")
	case "out of time":
		short, cancel := context.WithTimeout(ctx, time.Duration(1+y.random.IntN(240))*time.Second)
		defer cancel()
		ctx = short
	}
	out, err := y.world.invoke(ctx, payload)
	if y.touched {
		y.useAll()
		y.touched = false
	}
	y.damage(err)
	if err != nil {
		y.say("%s: %v", name, err)
	}
	if kind == "outcome lost" && err == nil {
		return nil, errors.New("the outcome was lost")
	}
	return out, err
}

// judge is the year's end.
func (y *year) judge(d time.Duration) {
	y.say("struck %v, people %v", y.struck, y.acted)
	y.t.Logf("%d keys in the secret in %d days, %d invocations, %d of them failed; %d calls were struck; a third key was asked for: %v; slowest %s %s; people did %v",
		y.rotated, int(d/day), y.runs, len(y.fails), y.strikes(), y.crowded, y.slowest.Round(time.Hour), y.slowest.what, y.acted)
	if want := int(d/day) / rotateEvery / 2; y.rotated < want {
		y.t.Errorf("the secret had %d keys in the year, want at least %d", y.rotated, want)
	}
	if held := y.holds().ID; held == oldKey || time.Since(y.lastMove) > 2*rotateEvery*day {
		y.t.Errorf("the secret holds %s since %s\n%s", held, y.lastMove, y.status())
	}
	if y.worst > 2 {
		y.t.Errorf("there were %d keys at once", y.worst)
	}
	y.nothingSecretSaid()
	y.everythingStruck()
}

func (y *year) strikes() int {
	n := 0
	for _, kinds := range y.struck {
		for _, times := range kinds {
			n += times
		}
	}
	return n
}

// everythingStruck: a year in which some call never failed in some way proves
// nothing about it.
func (y *year) everythingStruck() {
	for _, call := range append([]string{"iam:GetUser", "iam:ListAccessKeys", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, writes...) {
		if len(y.struck[call]) < 2 {
			y.t.Errorf("%s was only struck by %v", call, y.struck[call])
		}
	}
}
