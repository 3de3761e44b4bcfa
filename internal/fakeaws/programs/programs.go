// Package programs lets functions of the simulated Lambda be programs: it starts
// them as Lambda does, with the Runtime API on a loopback socket of their own, their
// role's credentials and their environment, and ends them when they are idle.
//
// It isolates nothing: a program runs with the rights of whoever started the
// simulation. It never runs what was uploaded, only what it was told to.
package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// Lifetimes of an execution environment, in the simulation's time, where nothing
// else is said. Credentials last an hour at least.
const (
	idleAtMost = 10 * time.Minute
	ageAtMost  = 45 * time.Minute
)

// Runner runs functions by programs. Its zero value with a cloud and an endpoint is
// ready for use.
type Runner struct {
	Cloud    *fakeaws.AWS
	Endpoint string            // of the simulated AWS: http://127.0.0.1:4599
	Programs map[string]string // by the name of the function
	Other    string            // what other functions run; empty: they fail
	Env      []string          // besides what Lambda sets, as NAME=value
	Log      io.Writer         // what the programs say, a line each, but for metrics; nil: nobody hears it

	// Idle is after how long without work a program is ended, Age at what age; 0:
	// 10 and 45 minutes. The role's sessions must last as long.
	Idle, Age time.Duration

	lock sync.Mutex
	idle map[string][]*environment // by ARN
	busy map[*environment]bool
	cold int
}

// ColdStarts is how many programs were started.
func (r *Runner) ColdStarts() int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.cold
}

// Kill kills every program that is at work, as when its memory is exceeded. When it
// returns they have ended.
func (r *Runner) Kill() {
	r.lock.Lock()
	defer r.lock.Unlock()
	for e := range r.busy {
		e.kill()
	}
}

// works notes whether a program is at work.
func (r *Runner) works(e *environment, busy bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.busy == nil {
		r.busy = map[*environment]bool{}
	}
	if busy {
		r.busy[e] = true
	} else {
		delete(r.busy, e)
	}
}

// Run is one invocation; it fits fakeaws.AWS.RunFunctions.
func (r *Runner) Run(ctx context.Context, f fakeaws.FunctionSpec, payload []byte) ([]byte, error) {
	e := r.take(f)
	if e == nil {
		var err error
		if e, err = r.start(f); err != nil {
			return nil, err
		}
	}
	r.works(e, true)
	reply, err := e.invoke(ctx, payload)
	r.works(e, false)
	if e.broken {
		e.end()
		return reply, err
	}
	e.used = r.Cloud.Now()
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.idle == nil { // closed meanwhile
		e.end()
		return reply, err
	}
	r.idle[e.key] = append(r.idle[e.key], e)
	return reply, err
}

// Close ends every program, one at work in the midst of it.
func (r *Runner) Close() {
	r.lock.Lock()
	defer r.lock.Unlock()
	for e := range r.busy {
		e.kill()
	}
	for _, all := range r.idle {
		for _, e := range all {
			e.end()
		}
	}
	r.idle = nil
}

// take finds an environment that is idle; nil: none. Those that are too old, or of
// another configuration, are ended.
func (r *Runner) take(f fakeaws.FunctionSpec) *environment {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.idle == nil {
		r.idle = map[string][]*environment{}
	}
	now := r.Cloud.Now()
	for key, all := range r.idle {
		r.idle[key] = slices.DeleteFunc(all, func(e *environment) bool {
			stale := now.Sub(e.used) > orElse(r.Idle, idleAtMost) || now.Sub(e.began) > orElse(r.Age, ageAtMost) || e.gone()
			if stale {
				e.end()
			}
			return stale
		})
	}
	key := keyOf(f)
	all := r.idle[key]
	if len(all) == 0 {
		return nil
	}
	r.idle[key] = all[1:]
	return all[0]
}

func orElse(d, usual time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return usual
}

// keyOf tells functions, and their configurations, apart.
func keyOf(f fakeaws.FunctionSpec) string { return fmt.Sprintf("%+v", f) }

// start begins a new environment: a cold start.
func (r *Runner) start(f fakeaws.FunctionSpec) (*environment, error) {
	program := r.Programs[f.Name]
	if program == "" {
		program = r.Other
	}
	if program == "" {
		return nil, &runtimeError{"Runtime.InvalidEntrypoint", "the simulation was given no program for function " + f.Name}
	}
	id, secret, token, err := r.Cloud.RoleSession(f.Role, f.Name)
	if err != nil {
		return nil, err
	}
	env := append([]string{
		"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + token,
		"AWS_REGION=" + f.Region, "AWS_DEFAULT_REGION=" + f.Region, "AWS_ENDPOINT_URL=" + r.Endpoint,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_EXECUTION_ENV=AWS_Lambda_" + f.Runtime,
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.Name, "AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(int(f.Timeout.Seconds())),
		"AWS_EC2_METADATA_DISABLED=true", "_HANDLER=bootstrap", "TZ=:UTC",
	}, r.Env...)
	for name, value := range f.Environment {
		env = append(env, name+"="+value)
	}
	e := &environment{name: f.Name, arn: f.ARN, key: keyOf(f), timeout: f.Timeout, began: r.Cloud.Now(), say: func(line string) { r.say(f, line) }}
	if err := e.start(program, env); err != nil {
		return nil, fmt.Errorf("start function %s: %w", f.Name, err)
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.cold++
	return e, nil
}

// metric is how CloudWatch knows a line that is no text for people but numbers.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const metric = `"_aws":{`

// say writes what a program said into the function's log group, if its role may, and
// to Log what of it is for people.
func (r *Runner) say(f fakeaws.FunctionSpec, line string) {
	r.Cloud.WriteFunctionLog(f.ARN, line)
	if r.Log != nil && !strings.Contains(line, metric) {
		_, _ = fmt.Fprintf(r.Log, "%s: %s\n", f.Name, line) // who reads it went away
	}
}

// runtimeError is an error as Lambda calls it.
type runtimeError struct{ kind, message string }

// Error says what went wrong.
func (e *runtimeError) Error() string { return e.message }

// ErrorType is Lambda's name for it.
func (e *runtimeError) ErrorType() string { return e.kind }

var errTime = errors.New("the function's time was over")
