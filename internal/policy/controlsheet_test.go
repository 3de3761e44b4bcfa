package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// sheetOf counts an account's verdicts on one control.
func sheetOf(inv accesskey.Inventory, framework, id string) (kept, broken, unknown int) {
	for v := range JudgeControls(inv, now) {
		if v.Control != (Control{framework, id}) {
			continue
		}
		switch v.State {
		case Kept:
			kept++
		case Broken:
			broken++
		default:
			unknown++
		}
	}
	return kept, broken, unknown
}

func sheetInventory(keys ...accesskey.Key) accesskey.Inventory {
	inv := accesskey.Inventory{Account: accesskey.Account{ID: account1, Partition: "aws"}, ObservedAt: now}
	inv.Root.Keys = fact([]accesskey.Key(nil))
	inv.Users = []accesskey.User{{
		Name: "alice", ARN: "arn:aws:iam::" + account1 + ":user/alice", Created: ago(2000 * Day),
		Keys: fact(keys), Password: fact(accesskey.Password{}),
	}}
	return inv
}

func TestControlsAreJudgedByTheirOwnLimits(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		inv                   accesskey.Inventory
		framework, id         string
		kept, broken, unknown int
	}{
		{"91 days", sheetInventory(aged(91 * Day)), "CIS AWS 5.0", "1.13", 0, 1, 0},
		{"90 days", sheetInventory(aged(90 * Day)), "Security Hub", "IAM.3", 1, 0, 0},
		{"unused 60: not 45", sheetInventory(with(aged(80*Day), rested(60*Day))), "Security Hub", "IAM.22", 1, 1, 0}, // the password is kept
		{"unused 60: but 90", sheetInventory(with(aged(80*Day), rested(60*Day))), "Security Hub", "IAM.8", 2, 0, 0},
		{"never used", sheetInventory(with(aged(95*Day), neverUsed)), "AWS Config", "IAM_USER_UNUSED_CREDENTIALS_CHECK", 1, 1, 0},
		{"off", sheetInventory(with(aged(900*Day), status(accesskey.Inactive))), "CIS AWS 7.0", "2.12", 1, 0, 0},
		{"two", sheetInventory(aged(Day), aged(2*Day)), "CIS AWS 6.0", "2.12", 0, 1, 0},
		{"no root key", sheetInventory(), "CIS AWS 5.0", "1.3", 1, 0, 0},
		{"no key", sheetInventory(), "CIS AWS 5.0", "1.13", 0, 0, 0},
		{"age unknown", sheetInventory(with(aged(Day), func(k *accesskey.Key) { k.Created = accesskey.Unread[time.Time]("denied") })), "CIS AWS 5.0", "1.13", 0, 0, 1},
		{"use unknown", sheetInventory(with(aged(80*Day), func(k *accesskey.Key) { k.LastUsed = accesskey.Unread[accesskey.LastUse]("denied") })), "CIS AWS 5.0", "1.11", 1, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept, broken, unknown := sheetOf(tt.inv, tt.framework, tt.id)
			if kept != tt.kept || broken != tt.broken || unknown != tt.unknown {
				t.Errorf("kept %d broken %d unknown %d, want %d %d %d", kept, broken, unknown, tt.kept, tt.broken, tt.unknown)
			}
		})
	}
}

// TestUnknownIsNoPass: nothing that could not be read passes, on any control.
func TestUnknownIsNoPass(t *testing.T) {
	inv := accesskey.Inventory{Account: accesskey.Account{ID: account1, Partition: "aws"}, ObservedAt: now,
		Users: []accesskey.User{{Name: "alice", Created: ago(Day)}}}
	for _, c := range Controls() {
		kept, broken, unknown := sheetOf(inv, c.Framework, c.ID)
		if kept+broken > 0 || unknown == 0 {
			t.Errorf("%s %s: kept %d broken %d unknown %d", c.Framework, c.ID, kept, broken, unknown)
		}
	}
}

// TestSheetAgreesWithFindings: where our limits are the controls' own, a control
// is broken where a finding names it, and nowhere else.
func TestSheetAgreesWithFindings(t *testing.T) {
	inv := sheetInventory(with(aged(200*Day), rested(100*Day)), with(aged(50*Day), neverUsed), with(aged(20*Day), status(accesskey.Inactive)))
	inv.Root.Keys = fact([]accesskey.Key{aged(900 * Day)})
	named := map[Control]bool{}
	for _, f := range Findings(inv, DefaultRules(), now) {
		if f.Rule == KeyDueSoon {
			continue
		}
		for _, c := range f.Controls {
			named[c] = true
		}
	}
	for _, c := range Controls() {
		_, broken, _ := sheetOf(inv, c.Framework, c.ID)
		if named[c.Control] != (broken > 0) {
			t.Errorf("%s %s: findings say %v, the sheet %d", c.Framework, c.ID, named[c.Control], broken)
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d controls are broken: the test proves little", len(named))
	}
}

func TestControlsAreInOrder(t *testing.T) {
	all := Controls()
	if len(all) < 25 || all[0].ID != "1.4" || all[len(all)-1].Framework != "AWS Config" {
		t.Errorf("%d: %v", len(all), all)
	}
	if compareNumbers("2.4", "2.11") >= 0 || compareNumbers("IAM.3", "IAM.22") >= 0 || compareNumbers("2", "2.1") >= 0 {
		t.Error("2.11 before 2.4")
	}
}

func TestGone(t *testing.T) {
	inv := sheetInventory(aged(10 * Day))
	unread := sheetInventory(with(aged(10*Day), func(k *accesskey.Key) { k.Created = accesskey.Unread[time.Time]("throttled") }))
	noKeys := sheetInventory()
	noKeys.Users[0].Keys = accesskey.Unread[[]accesskey.Key]("denied")
	for _, tt := range []struct {
		name string
		inv  accesskey.Inventory
		user string
		rule Rule
		want bool
	}{
		{"rotated", inv, "alice", KeyTooOld, true},
		{"deleted user", inv, "bob", KeyTooOld, true},
		{"age unread", unread, "alice", KeyTooOld, false},
		{"another rule", unread, "alice", InactiveKey, true},
		{"keys unread", noKeys, "alice", KeyTooOld, false},
		{"root", inv, RootUser, RootAccessKey, true},
		{"root unread", accesskey.Inventory{}, RootUser, RootAccessKey, false},
		{"a rule of another version", inv, "alice", "key-too-new", false},
	} {
		if got := Gone(tt.inv, tt.user, tt.rule, DefaultRules(), now); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
