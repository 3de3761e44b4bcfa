package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Whoever interrupts an apply is not told that work failed, but is told of what
// did before.
func TestAnInterruptIsNoFailure(t *testing.T) {
	var said bytes.Buffer
	w := &work{apply: &apply{planning: planning{app: &app{stdout: &said}}}}
	ctx, interrupt := context.WithCancel(t.Context())
	ana, bo := &policy.Item{User: "ana"}, &policy.Item{User: "bo"}
	w.note(ctx, ana, rotation.Result{}, errors.New("access denied"))
	interrupt()
	w.note(ctx, bo, rotation.Result{}, context.Cause(ctx))
	w.tell()
	if !strings.Contains(said.String(), "1 failed, 1 interrupted") {
		t.Error(said.String())
	}
	var v verdict
	if err := w.verdict(ctx, nil); !errors.As(err, &v) || v.code != exitInterrupted || !strings.Contains(v.text, "ana") || strings.Contains(v.text, "bo ") {
		t.Errorf("%d %s", v.code, v.text)
	}
}
