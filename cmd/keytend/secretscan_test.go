package main

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/awsapi"
)

func TestRotatable(t *testing.T) {
	for name, c := range map[string]struct {
		secret awsapi.SecretDescription
		want   bool
	}{
		"by itself":              {awsapi.SecretDescription{}, true},
		"the primary":            {awsapi.SecretDescription{PrimaryRegion: "eu-west-1"}, true},
		"a replica":              {awsapi.SecretDescription{PrimaryRegion: "us-east-1"}, false},
		"a service's":            {awsapi.SecretDescription{OwningService: "appflow"}, false},
		"on its way to deletion": {awsapi.SecretDescription{Deleted: time.Unix(0, 0)}, false},
	} {
		if got := rotatable(c.secret, "eu-west-1"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
