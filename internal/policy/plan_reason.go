package policy

import "github.com/keytend/keytend/internal/accesskey"

// Why a plan says what it says about a key.
const (
	WhyMaxAge        accesskey.Reason = "it reaches its greatest age"
	WhyUnused        accesskey.Reason = "nobody uses it"
	WhyNeverUsed     accesskey.Reason = "it was never used"
	WhyInactive      accesskey.Reason = "it is off"
	WhyExempt        accesskey.Reason = "exempt"
	WhyLeftOut       accesskey.Reason = "left out"
	WhyNotAsked      accesskey.Reason = "the policy asks for nothing"
	WhyNoDestination accesskey.Reason = "no destination is known"
	WhyOtherWork     accesskey.Reason = "other work on the user's keys is under way"
	WhyOtherFirst    accesskey.Reason = "another key of the user comes first"
	WhyRejected      accesskey.Reason = "a person said no"
)
