package rotation

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestRecoveredTouchesNobodysKey: which of two older keys was being replaced is
// not guessed.
func TestRecoveredTouchesNobodysKey(t *testing.T) {
	key := func(id accesskey.ID, days int) accesskey.Key {
		return accesskey.Key{
			ID: accesskey.Observed(id, start, "iam"), Status: accesskey.Observed(accesskey.Active, start, "iam"),
			Created: accesskey.Observed(start.AddDate(0, 0, -days), start, "iam"), LastUsed: accesskey.Observed(accesskey.LastUse{}, start, "iam"),
		}
	}
	old, colleague, fresh := key("AKIAIOSFODNN7EXAMPLE", 200), key("AKIACOLLEAGUEEXAMPLE", 20), key("AKIAI44QH8DHBEXAMPLE", 1)
	remains := func(keys ...accesskey.Key) Remains {
		return Remains{
			ID: "r", Token: "j2.t", Tag: "j.t1", Subject: accesskey.Subject{User: "ana"}, Terms: quickTerms(),
			User:    accesskey.User{Keys: accesskey.Observed(keys, start, "iam")},
			Authors: map[accesskey.ID]Authorship{"AKIAI44QH8DHBEXAMPLE": {Found: true, Token: "j.t1"}},
			Holding: map[string]accesskey.ID{"a": "AKIAI44QH8DHBEXAMPLE"},
		}
	}
	if r := Recovered(remains(old, fresh), start.Add(time.Hour)).Record; r.Old != "AKIAIOSFODNN7EXAMPLE" || r.Phase != accesskey.Overlap {
		t.Errorf("of two keys: %s, %s", r.Old, r.Phase)
	}
	if r := Recovered(remains(colleague, fresh, old), start.Add(time.Hour)); r.Record.Old != "" {
		t.Errorf("of three keys: %s", r.Story)
	}
}
