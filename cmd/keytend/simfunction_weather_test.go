package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Of a thousand calls of the function so many go wrong, of those that change
// something more, of the rare ones the most, and still more of those that have not
// gone wrong in every way yet; of its invocations; and between so many calls a
// person comes.
const (
	programReads, programTags, programRare, programNew, programRuns, programDisturbed = 12, 100, 250, 400, 30, 2
)

// programMisfortunes are what befalls a call.
var programMisfortunes = []string{"throttled", "broken", "answer lost", "late", "killed before", "killed after"}

// programWrites are the function's calls that change something.
var programWrites = []string{"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:TagUser",
	"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "secretsmanager:TagResource", "secretsmanager:UntagResource"}

// programReadsToo are calls that only look.
var programReadsToo = []string{"iam:GetUser", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:ListSecrets", "cloudtrail:LookupEvents", "sts:GetCallerIdentity"}

// storm is who is at work: the function's calls come one at a time, and what people
// and consumers do between two of them meets with no misfortune.
type storm struct {
	lock   sync.Mutex
	inside atomic.Bool
}

// run is an invocation of the function, whose outcome gets lost now and then.
func (y *programYear) run(ctx context.Context, f fakeaws.FunctionSpec, payload []byte) ([]byte, error) {
	var event struct{ Step, Task string }
	y.must(json.Unmarshal(payload, &event))
	y.runs++
	kind := ""
	if !y.calm && y.random.IntN(1000) < programRuns {
		kind = y.misfortune("invoke:"+event.Step+event.Task, "never begun", "out of time", "outcome lost")
	}
	if kind == "never begun" {
		return nil, errors.New("the sandbox did not start")
	}
	if kind == "out of time" {
		short, cancel := context.WithTimeout(ctx, time.Duration(1+y.random.IntN(60))*time.Millisecond)
		defer cancel()
		ctx = short
	}
	y.working = true
	reply, err := y.runner.Run(ctx, f, payload)
	y.storm.lock.Lock() // what a dead process sent last has come in
	defer y.storm.lock.Unlock()
	y.working = false
	if err != nil {
		y.say("%s%s: %v", event.Step, event.Task, err)
	}
	if kind == "outcome lost" && err == nil {
		return nil, errors.New("the outcome was lost")
	}
	return reply, err
}

// fault says what befalls a call of the function's. A person may come before it.
func (y *programYear) fault(c fakeaws.Call) fakeaws.Fault {
	if y.storm.inside.Load() || !y.working || !strings.HasPrefix(c.KeyID, "ASIA") {
		return fakeaws.Proceed()
	}
	y.storm.lock.Lock()
	defer y.storm.lock.Unlock()
	y.storm.inside.Store(true)
	defer y.storm.inside.Store(false)
	name := c.Service + ":" + c.Action
	y.late = slices.Contains([]string{"GetSecretValue", "UpdateAccessKey", "DeleteAccessKey"}, c.Action)
	y.betweenCalls()
	if name == "iam:CreateAccessKey" && len(y.user().Keys) > 1 {
		y.crowded++
	}
	if slices.Contains(programWrites, name) && !strings.Contains(name, "Tag") {
		y.useAll()
	}
	y.late = false
	if y.calm || y.random.IntN(1000) >= y.odds(name) {
		return fakeaws.Proceed()
	}
	return y.strike(name)
}

func (y *programYear) odds(call string) int {
	switch {
	case !slices.Contains(programWrites, call):
		return programReads
	case y.ways(call) < len(programMisfortunes):
		return programNew
	case strings.HasSuffix(strings.ToLower(call), "tagresource"):
		return programTags
	}
	return programRare
}

// ways is in how many ways a call went wrong so far.
func (y *programYear) ways(call string) int {
	return max(0, len(y.struck[call])-1) // one is the count
}

func (y *programYear) strike(call string) fakeaws.Fault {
	switch y.misfortune(call, programMisfortunes...) {
	case "throttled":
		return fakeaws.Refuse(400, "Throttling", "Rate exceeded")
	case "broken":
		return fakeaws.Refuse(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
	case "answer lost":
		return fakeaws.LoseAnswer()
	case "late":
		by := time.Duration(5+y.random.IntN(285)) * time.Second
		y.flight = y.cloud.Now().Add(by)
		return fakeaws.Delay(by)
	case "killed before":
		y.runner.Kill()
		return fakeaws.Refuse(500, "InternalFailure", "nobody hears this")
	}
	y.flight = y.cloud.Now().Add(5 * time.Minute)
	y.runner.Kill()
	return fakeaws.Proceed() // it is carried out, and nobody hears of it
}

// misfortune takes the kinds in turn, from a chance one on.
func (y *programYear) misfortune(call string, kinds ...string) string {
	seen := y.struck[call]
	if seen == nil {
		seen = map[string]int{"": y.random.IntN(len(kinds))}
		y.struck[call] = seen
	}
	kind := kinds[seen[""]%len(kinds)]
	seen[""]++
	seen[kind]++
	y.say("%s: %s", call, kind)
	return kind
}

func (y *programYear) strikes() int {
	n := 0
	for _, kinds := range y.struck {
		for kind, times := range kinds {
			if kind != "" {
				n += times
			}
		}
	}
	return n
}

// everythingStruck: a year in which some call never failed in some way proves
// nothing about it.
func (y *programYear) everythingStruck() {
	for _, call := range programWrites {
		if y.ways(call) < len(programMisfortunes) {
			y.t.Errorf("%s was only struck by %v", call, slices.Sorted(maps.Keys(y.struck[call])))
		}
	}
	for _, call := range programReadsToo {
		if y.ways(call) < 1 {
			y.t.Errorf("%s was never struck", call)
		}
	}
}
