package accesskey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func TestSecretNeverPrints(t *testing.T) {
	s := NewSecret(exampleSecret)
	holder := struct {
		Secret Secret
		Ptr    *Secret
		inner  Secret
	}{s, &s, s}
	var out bytes.Buffer
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%T", "%p"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	fmt.Fprintln(&out, errors.Join(fmt.Errorf("wrap: %v", s)))
	enc := json.NewEncoder(&out)
	if err := enc.Encode(holder); err != nil {
		t.Fatal(err)
	}
	if err := enc.Encode(map[string]any{"s": s}); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "secret", s, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "secret", s, "holder", holder)

	for _, form := range []string{exampleSecret, fmt.Sprintf("%x", exampleSecret), fmt.Sprintf("%X", exampleSecret)} {
		if strings.Contains(out.String(), form) {
			t.Fatalf("the secret was printed:\n%s", out.String())
		}
	}
	if s.Reveal() != exampleSecret {
		t.Fatal("Reveal does not return the value")
	}
}

func TestZeroFactIsUnknown(t *testing.T) {
	var f Fact[Status]
	if v, ok := f.Get(); ok || v != "" || f.Why() != "not read" {
		t.Fatalf("zero Fact = %v %v %q", v, ok, f.Why())
	}
	known := Observed(Active, time.Unix(1, 0), "iam:ListAccessKeys")
	if !known.Known() || known.Why() != "" || known.Source() != "iam:ListAccessKeys" {
		t.Fatalf("Observed = %+v", known)
	}
	if same := known; known.Equal(f) || !known.Equal(same) {
		t.Fatal("Equal")
	}
	if Unread[int]("denied").Why() != "denied" {
		t.Fatal("Unread loses its reason")
	}
}

func TestParseID(t *testing.T) {
	for in, ok := range map[string]bool{
		"AKIAIOSFODNN7EXAMPLE":   true,
		"ASIAIOSFODNN7EXAMPLE":   true,
		"AKIAshort":              false,
		"akiaiosfodnn7example":   false,
		"AIDAIOSFODNN7EXAMPLE":   false,
		"AKIAIOSFODNN7EXAMPLE\n": false,
		"":                       false,
	} {
		if _, err := ParseID(in); (err == nil) != ok {
			t.Errorf("ParseID(%q) = %v", in, err)
		}
	}
	if ID("AKIAIOSFODNN7EXAMPLE").Temporary() || !ID("ASIAIOSFODNN7EXAMPLE").Temporary() {
		t.Error("Temporary")
	}
}

func TestStatusUnknown(t *testing.T) {
	for _, s := range []Status{"", "active", "Suspended"} {
		if s.Known() {
			t.Errorf("%q is taken for a known status", s)
		}
	}
}
