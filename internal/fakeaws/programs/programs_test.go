package programs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// TestMain makes this test binary a function's program as well.
func TestMain(m *testing.M) {
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" {
		function("http://" + api + "/2018-06-01/runtime/invocation/")
	}
	os.Exit(m.Run())
}

// function does what its events say.
func function(api string) {
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			os.Exit(1)
		}
		event, _ := io.ReadAll(next.Body)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		fmt.Println("got", string(event))
		switch string(event) {
		case `"exit"`:
			os.Exit(3)
		case `"sleep"`:
			time.Sleep(time.Minute)
		case `"fail"`:
			post(api+id+"/error", `{"errorMessage":"it failed","errorType":"Badly"}`)
		default:
			reply, _ := json.Marshal(map[string]string{"pid": fmt.Sprint(os.Getpid()), "region": os.Getenv("AWS_REGION"), "who": os.Getenv("WHO"),
				"key": os.Getenv("AWS_ACCESS_KEY_ID")[:4], "deadline": next.Header.Get("Lambda-Runtime-Deadline-Ms"), "arn": next.Header.Get("Lambda-Runtime-Invoked-Function-Arn")})
			post(api+id+"/response", string(reply))
		}
	}
}

func post(url, body string) {
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil || answer.StatusCode != http.StatusAccepted {
		os.Exit(2)
	}
}

const account, arn = "123456789012", "arn:aws:lambda:us-east-1:123456789012:function:f"

type said struct {
	lock sync.Mutex
	bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.Buffer.Write(p)
}

func newRunner(t *testing.T) (*Runner, func(payload string) (map[string]string, error), *said) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cloud := fakeaws.New(fakeaws.Config{Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
	cloud.AddAccount(fakeaws.AccountSpec{ID: account})
	f := fakeaws.FunctionSpec{Name: "f", ARN: arn, Region: "us-east-1", Role: "arn:aws:iam::" + account + ":role/f", Runtime: "provided.al2023",
		Timeout: 5 * time.Second, Environment: map[string]string{"WHO": "me"}}
	cloud.AddFunction(account, f, fakeaws.RoleSpec{Name: "f",
		TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	log := &said{}
	r := &Runner{Cloud: cloud, Programs: map[string]string{"f": self}, Log: log}
	t.Cleanup(r.Close)
	return r, func(payload string) (map[string]string, error) {
		reply, err := r.Run(t.Context(), f, []byte(payload))
		var out map[string]string
		if err == nil {
			err = json.Unmarshal(reply, &out)
		}
		return out, err
	}, log
}

func TestAProgramIsStartedOnceAndEndedWhenItIsIdle(t *testing.T) {
	r, run, log := newRunner(t)
	first, err := run(`{}`)
	if err != nil {
		t.Fatal(err)
	}
	if first["region"] != "us-east-1" || first["who"] != "me" || first["key"] != "ASIA" || first["arn"] != arn || first["deadline"] == "" {
		t.Errorf("its environment: %v", first)
	}
	warm, err := run(`{}`)
	if err != nil || warm["pid"] != first["pid"] {
		t.Errorf("started twice: %v, %v", warm, err)
	}
	r.Cloud.Advance(time.Hour)
	cold, err := run(`{}`)
	if err != nil || cold["pid"] == first["pid"] {
		t.Errorf("not started anew after an hour: %v, %v", cold, err)
	}
	log.lock.Lock()
	defer log.lock.Unlock()
	if !strings.Contains(log.String(), "f: got {}\n") {
		t.Errorf("it said %q", log.String())
	}
}

func TestAProgramThatFails(t *testing.T) {
	r, run, _ := newRunner(t)
	for payload, want := range map[string]string{`"fail"`: "Badly: it failed", `"exit"`: "Runtime.ExitError: RequestId: "} {
		_, err := run(payload)
		var typed *runtimeError
		if !errors.As(err, &typed) || !strings.HasPrefix(typed.ErrorType()+": "+typed.Error(), want) {
			t.Errorf("%s: %v", payload, err)
		}
		if _, err := run(`{}`); err != nil {
			t.Errorf("after %s: %v", payload, err)
		}
	}
	r.Programs["f"] = "/nowhere/at/all"
	r.Cloud.Advance(time.Hour)
	if _, err := run(`{}`); err == nil {
		t.Error("a program that isn't there was run")
	}
	delete(r.Programs, "f")
	if _, err := run(`{}`); err == nil || !strings.Contains(err.Error(), "no program for function f") {
		t.Errorf("%v", err)
	}
}

// Hundreds of lines of numbers between those for people are in nobody's way.
func TestMetricsAreNotForPeople(t *testing.T) {
	r, _, log := newRunner(t)
	f := fakeaws.FunctionSpec{Name: "f", ARN: arn}
	r.say(f, `{"Blocked":0,"_aws":{"Timestamp":1795510154009,"CloudWatchMetrics":[]}}`)
	r.say(f, `{"level":"INFO","msg":"audit"}`)
	if got := log.String(); got != "f: {\"level\":\"INFO\",\"msg\":\"audit\"}\n" {
		t.Errorf("it said %q", got)
	}
}
