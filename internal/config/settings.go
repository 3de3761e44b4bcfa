package config

import (
	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Settings are what may differ from key to key.
type Settings struct {
	// Mode says what happens unattended: observe reports and changes nothing, approve changes what a person approved, enforce changes.
	Mode Mode `yaml:"mode"`
	// Rules are the limits that keys are judged by, and what is done about them.
	Rules Rules `yaml:"rules"`
	// Times are those of a rotation or retirement.
	Times Times `yaml:"times"`
	// Destinations are where consumers read their keys: KIND:WHERE, with {user}, {account} and {path} ("/" or "/division/") filled in.
	Destinations []string `yaml:"destinations"`
	// DestinationsTag is the user tag that names destinations, separated by spaces or "+". Where the user has it, it replaces the list.
	DestinationsTag string `yaml:"destinations_tag"`
	// Windows are when changes may be made. None: always.
	Windows []Window `yaml:"windows"`
	// Freezes are when no change is made. Putting things back and cutting off leaked keys is never kept waiting.
	Freezes []Freeze `yaml:"freezes"`
	// Approvers are the ARNs of who may approve, in approve mode; * stands for anything.
	Approvers []string `yaml:"approvers"`
}

// Rules are limits. Durations are 90d, 36h, 2w.
type Rules struct {
	// MaxAge is how old an Active key may become. It is Inactive by then.
	MaxAge Duration `yaml:"max_age"`
	// Warn is how long before max_age a key is reported as due soon. 0s: never.
	Warn Duration `yaml:"warn"`
	// ReportUnused is after how long without use an Active key is reported.
	ReportUnused Duration `yaml:"report_unused"`
	// DisableUnused is after how long without use an Active key is switched off, after a notice; lag_margin is added, since AWS may tell of a use late. 0s: never.
	DisableUnused Duration `yaml:"disable_unused"`
	// NeverUsed says what is done about keys that were never used, judged by when they were created: report or disable.
	NeverUsed NeverUsed `yaml:"never_used"`
	// DeleteInactive is after how long a key that is Inactive is deleted. 0s: never.
	DeleteInactive Duration `yaml:"delete_inactive"`
	// Rotate says whether keys with destinations are replaced in time.
	Rotate bool `yaml:"rotate"`
}

// Times are those of one rotation or retirement.
type Times struct {
	// Overlap is how long both keys work, at least.
	Overlap Duration `yaml:"overlap"`
	// OverlapMax is after how long people are told where the old key is still used.
	OverlapMax Duration `yaml:"overlap_max"`
	// Idle is the silence of the old key that is wanted before it is switched off.
	Idle Duration `yaml:"idle"`
	// LagMargin is how late AWS's last-used data may be. It doesn't count as silence.
	LagMargin Duration `yaml:"lag_margin"`
	// Cache is how long consumers may go on with a key that they have read.
	Cache Duration `yaml:"cache"`
	// Schedule is the longest time between two runs of a consumer, where it is known. 0s: unknown.
	Schedule Duration `yaml:"schedule"`
	// Rest is how long a key stays Inactive and revivable before it is deleted.
	Rest Duration `yaml:"rest"`
	// Notice is the time between telling people and switching an unused key off.
	Notice Duration `yaml:"notice"`
	// DeliverMax is how long a destination may refuse the new key before a person is asked.
	DeliverMax Duration `yaml:"deliver_max"`
	// Margin is kept free before the due time.
	Margin Duration `yaml:"margin"`
	// Spread is how much earlier rotations begin, by the hash of the user, so that not all begin on one day.
	Spread Duration `yaml:"spread"`
	// Keep says that the old key is never deleted: it stays, Inactive.
	Keep bool `yaml:"keep"`
}

func defaultSettings() Settings {
	rules, terms := policy.DefaultRules(), accesskey.DefaultTerms()
	return Settings{
		Mode: Mode(policy.ObserveOnly),
		Rules: Rules{
			MaxAge: Duration(rules.MaxAge), Warn: Duration(rules.Warn), ReportUnused: Duration(rules.Unused),
			DisableUnused: Duration(90 * policy.Day), NeverUsed: "disable", Rotate: true,
		},
		Times: Times{
			Overlap: Duration(terms.Overlap), OverlapMax: Duration(terms.OverlapMax), Idle: Duration(terms.Idle),
			LagMargin: Duration(terms.LagMargin), Rest: Duration(terms.Rest), Notice: Duration(terms.Notice),
			DeliverMax: Duration(terms.DeliverMax), Margin: Duration(7 * policy.Day), Spread: Duration(7 * policy.Day),
		},
	}
}

// DefaultExcept are users made for emergencies: unused is how they ought to be.
func DefaultExcept() []string {
	return []string{"break-glass", "breakglass", "break-glass=true", "keytend:keep=true"}
}

// Override is other settings for the keys that its expression means.
type Override struct {
	// When is a CEL expression over account, user and key: user.path.startsWith("/ci/") && account.id == "123456789012".
	When Condition `yaml:"when" jsonschema:"required"`

	Settings `yaml:",inline"` // of what isn't written: zero

	layer layer
}

// Exemption leaves keys alone until a date, on a person's word.
type Exemption struct {
	// When is a CEL expression over account, user and key: user.name == "legacy".
	When Condition `yaml:"when" jsonschema:"required"`
	// Until is the last day (UTC, inclusive), or a moment. From then on the exemption is void, and reported.
	Until Moment `yaml:"until" jsonschema:"required"`
	// Reason says why.
	Reason string `yaml:"reason" jsonschema:"required"`
	// Approver says who took it upon themselves.
	Approver string `yaml:"approver" jsonschema:"required"`

	place Place
}

// Admin is an admin-like user that may be changed: a name, an ARN, or what an
// expression means.
type Admin struct {
	Name string
	When Condition
}
