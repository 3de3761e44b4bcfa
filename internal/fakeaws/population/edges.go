package population

import (
	"strings"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// edge makes one user that is hard to get right. Its name says why it exists.
type edge func(*draw) fakeaws.UserSpec

// edges are all of them, those first that even a small account should have.
// The borders are those of the usual rules (90 days, warned 14 days before,
// unused for 45), exact at the moment given as now.
var edges = []edge{
	ninetyDaysExactly,
	ninetyDaysAndAMinute,
	aSecondShortOfNinetyDays,
	neverUsed,
	everyLegalCharacter,
	twoActive,
	quarantined,
	setUpTogether,
	threeKeys,

	ninetyDaysAndASecond,
	warnBorder,
	pastWarnBorder,
	unusedBorder,
	pastUnusedBorder,
	neverUsedBorder,
	pastNeverUsedBorder,
	bothInactive,
	rotatedJustNow,
	firstSlotIsNewer,
	firstSlotIsOlder,
	sameSecondTwice,
	keyTagged,
	formulaInTags,
	withoutTags,
	emptyTag,
	longNameDeepPath,
	madeMinutesAgo,
	recreated,
	quarantinedAgain,
	expiredKey,
	certificates,
	serviceCredentials,
	tenGroups,
	lettersOfTheWorld,
	breakGlass,
	adminByGroup,
	adminInline,
	adminByEscalation,
	boundedAdmin,
	olderThanRecords,
	stalePassword,
	usedAtCreation,
}

// addEdges gives the account what no user can show: root keys of both kinds,
// and a report with the newer column. The quota stays at AWS's default, so that
// a third key is refused, though one user holds three.
func addEdges(spec *fakeaws.AccountSpec, d *draw) {
	d.used = keysOfOneUser / 2 // frame may have taken some
	spec.ReportExtraColumn = true
	spec.Root.MFA = false
	spec.Root.Keys = []fakeaws.KeySpec{
		d.active(2100*day, 12*day),
		d.inactive(2900*day, 2200*day),
	}
}

// tagged gives a user the tags of a well-kept account.
func (d *draw) tagged(name string, age time.Duration) fakeaws.UserSpec {
	u := d.user(name, "/", age)
	u.Tags = map[string]string{"owner": "platform@example.com", "team": "platform"}
	return u
}

// holding gives a well-kept user of two years the keys.
func (d *draw) holding(name string, keys ...fakeaws.KeySpec) fakeaws.UserSpec {
	u := d.tagged(name, 730*day)
	u.Keys = keys
	return u
}

// ninetyDaysExactly: a limit of 90 days is not yet passed at 90 days.
func ninetyDaysExactly(d *draw) fakeaws.UserSpec {
	return d.holding("age-90d-exactly", d.active(90*day, time.Hour))
}

// ninetyDaysAndAMinute: too old, though rounding to days says 90.
func ninetyDaysAndAMinute(d *draw) fakeaws.UserSpec {
	return d.holding("age-90d-1min", d.active(90*day+time.Minute, time.Hour))
}

// ninetyDaysAndASecond: the first second that is too old.
func ninetyDaysAndASecond(d *draw) fakeaws.UserSpec {
	return d.holding("age-90d-1s", d.active(90*day+time.Second, time.Hour))
}

// aSecondShortOfNinetyDays: not too old, and too old soon after.
func aSecondShortOfNinetyDays(d *draw) fakeaws.UserSpec {
	return d.holding("age-90d-less-1s", d.active(90*day-time.Second, time.Hour))
}

// warnBorder: 76 days is where the warning begins, and itself before it.
func warnBorder(d *draw) fakeaws.UserSpec {
	return d.holding("age-76d-exactly", d.active(76*day, time.Hour))
}

// pastWarnBorder: the first second that is warned of.
func pastWarnBorder(d *draw) fakeaws.UserSpec {
	return d.holding("age-76d-1s", d.active(76*day+time.Second, time.Hour))
}

// unusedBorder: 45 days without use are allowed.
func unusedBorder(d *draw) fakeaws.UserSpec {
	return d.holding("unused-45d-exactly", d.active(60*day, 45*day))
}

// pastUnusedBorder: a second more is not.
func pastUnusedBorder(d *draw) fakeaws.UserSpec {
	return d.holding("unused-45d-1s", d.active(60*day, 45*day+time.Second))
}

// neverUsed: no last-used date at all, and long there.
func neverUsed(d *draw) fakeaws.UserSpec {
	return d.holding("never-used", d.key("Active", 200*day))
}

// neverUsedBorder: a key that nobody has used yet is judged by its age.
func neverUsedBorder(d *draw) fakeaws.UserSpec {
	return d.holding("never-used-45d-exactly", d.key("Active", 45*day))
}

// pastNeverUsedBorder: a second more is too long.
func pastNeverUsedBorder(d *draw) fakeaws.UserSpec {
	return d.holding("never-used-45d-1s", d.key("Active", 45*day+time.Second))
}

// twoActive: one finding about the user, not one for each key.
func twoActive(d *draw) fakeaws.UserSpec {
	return d.holding("two-active", d.active(300*day, 2*day), d.active(30*day, time.Hour))
}

// threeKeys: more than AWS's default of two and than the report's two slots.
// The account's quota was raised once and has been lowered since.
func threeKeys(d *draw) fakeaws.UserSpec {
	return d.holding("three-keys", d.active(500*day, 3*day), d.inactive(400*day, 100*day), d.active(20*day, time.Hour))
}

// bothInactive: two keys in the way and none in use.
func bothInactive(d *draw) fakeaws.UserSpec {
	return d.holding("both-inactive", d.inactive(700*day, 400*day), d.key("Inactive", 350*day))
}

// rotatedJustNow: a credential report up to four hours old knows only the old
// key.
func rotatedJustNow(d *draw) fakeaws.UserSpec {
	return d.holding("rotated-just-now", d.active(88*day, 3*time.Hour), d.active(time.Hour, 10*time.Minute))
}

// firstSlotIsNewer: the report's slots go by key ID, here against the order of
// creation: joining the n-th slot to the n-th listed key picks the wrong one.
func firstSlotIsNewer(d *draw) fakeaws.UserSpec {
	old, young := d.active(400*day, 200*day), d.active(10*day, time.Hour)
	if old.ID < young.ID {
		old.ID, young.ID = young.ID, old.ID
	}
	return d.holding("slot-order-reversed", old, young)
}

// firstSlotIsOlder is the same with the slots in order, so that neither guess
// passes.
func firstSlotIsOlder(d *draw) fakeaws.UserSpec {
	old, young := d.inactive(400*day, 200*day), d.active(10*day, time.Hour)
	if old.ID > young.ID {
		old.ID, young.ID = young.ID, old.ID
	}
	return d.holding("slot-order-natural", old, young)
}

// sameSecondTwice: two keys of one second can't be told apart by their creation
// date.
func sameSecondTwice(d *draw) fakeaws.UserSpec {
	return d.holding("same-second-twice", d.active(120*day, time.Hour), d.key("Inactive", 120*day))
}

// expiredKey: the third status, which older programs don't know.
func expiredKey(d *draw) fakeaws.UserSpec {
	return d.holding("status-expired", d.lastUsed(d.key("Expired", 95*day), 5*day))
}

// olderThanRecords: AWS records uses since April 2015; before that, never used
// says little.
func olderThanRecords(d *draw) fakeaws.UserSpec {
	age := d.now.Sub(time.Date(2014, 6, 1, 9, 30, 0, 0, time.UTC))
	u := d.tagged("made-in-2014", max(age, 400*day))
	u.Keys = []fakeaws.KeySpec{d.key("Active", max(age, 400*day)-time.Hour)}
	return u
}

// usedAtCreation: used in the very second in which it was made, and not since.
func usedAtCreation(d *draw) fakeaws.UserSpec {
	return d.holding("used-at-creation", d.active(50*day, 50*day))
}

// longNameDeepPath: 64 characters of name and a path that fills a column.
func longNameDeepPath(d *draw) fakeaws.UserSpec {
	name := "extremely-long-service-user-name" + strings.Repeat("x", 28) + ".end"
	u := d.user(name, "/"+strings.Repeat("division/department/", 12)+"team/", 500*day)
	u.Tags = map[string]string{"owner": "platform@example.com"}
	u.Keys = []fakeaws.KeySpec{d.active(95*day, time.Hour)}
	return u
}
