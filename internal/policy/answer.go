package policy

import (
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
)

// Choice is one way in which a person can answer a block.
type Choice struct {
	Answer string // a word after "keytend resolve USER", or "rollback" or "recover": the command of that name
	Means  string // what is done then
}

// Choices are the answers that fit a blocked record as it stands; none where it
// is not blocked.
func Choices(r accesskey.Record) []Choice {
	if r.Block == nil {
		return nil
	}
	var out []Choice
	for _, answer := range Answers(r.Block.Reason) {
		answer = fitting(r, answer)
		if answer == "" || slices.ContainsFunc(out, func(c Choice) bool { return c.Answer == answer }) {
			continue
		}
		out = append(out, Choice{answer, meaning(r, answer)})
	}
	return out
}

// fitting is the answer that stands for another at this stage; empty: none does.
func fitting(r accesskey.Record, answer string) string {
	if answer == "drop" && !dropsPlace(r) && InNobodysHands(r) {
		answer = "rollback"
	}
	if d := r.Delivery(r.Block.Destination); answer == "retry" && r.Block.Reason == WhyCannotRestore && d != nil && d.Previous == "" {
		return "" // we have nothing to put back
	}
	if answer == "rollback" && (r.Stage() == accesskey.RollingBack || r.Block.Reason == WhyManaged && nothingDone(r)) {
		return ""
	}
	return answer
}

// nothingDone: there is nothing to go back from.
func nothingDone(r accesskey.Record) bool { return r.New == "" && r.OldExit.Inactive().IsZero() }

// dropsPlace: "drop" is about the destination that blocks, not about the work.
func dropsPlace(r accesskey.Record) bool {
	return r.Block.Destination != "" && r.Delivery(r.Block.Destination) != nil
}

// InNobodysHands reports that a new key is there that nobody was offered: such
// work can't be given up, it must be rolled back. Of a user that is gone so are
// the keys.
func InNobodysHands(r accesskey.Record) bool {
	gone := r.Block != nil && (r.Block.Reason == WhyUserGone || r.Block.Reason == WhyUserReplaced) ||
		!r.NewExit.Deleted.IsZero() || r.Stage() == accesskey.RollingBack && !r.Watch.NewGone.IsZero()
	return r.Sealed != "" && !r.Flags.Offered && !gone
}

func meaning(r accesskey.Record, answer string) string {
	switch answer {
	case "drop":
		return dropMeans(r)
	case "rollback":
		return fmt.Sprintf("go back to %s", r.Old)
	case "discard":
		return fmt.Sprintf("%s is keytend's and nobody has it: delete it", r.Block.Key)
	case "keep":
		return keepMeans(r)
	case "force":
		return forceMeans(r)
	case "recover":
		return "rebuild the record from what AWS and the destinations show"
	}
	return retryMeans(r)
}

func dropMeans(r accesskey.Record) string {
	switch {
	case r.Block.Reason == WhyCannotRestore:
		return fmt.Sprintf("go on: %s was put back by hand, or needs no key any more", r.Block.Destination)
	case dropsPlace(r):
		return fmt.Sprintf("do without %s, whatever it holds", r.Block.Destination)
	case r.Block.Reason == WhyOtherUnused:
		return fmt.Sprintf("give the work up; then `keytend retire %s`, and begin anew", r.Block.Key)
	}
	return "give the work up: keys and destinations stay as they are"
}

func keepMeans(r accesskey.Record) string {
	if r.Block.Reason == WhyUnknownKey {
		return fmt.Sprintf("%s is somebody's: leave it, and go on", r.Block.Key)
	}
	return fmt.Sprintf("%s is needed: end the work, and leave every key as it is", r.Block.Key)
}

func forceMeans(r accesskey.Record) string {
	switch r.Block.Reason {
	case WhyStillUsed:
		return fmt.Sprintf("switch %s off: whoever still uses it fails", leaving(r))
	case WhyVeto:
		return fmt.Sprintf("switch %s off again, once it is silent", r.Block.Key)
	}
	return "go on all the same: the other journal's rotation of this user must be over"
}

// leaving is the key that is to be switched off.
func leaving(r accesskey.Record) accesskey.ID {
	if r.Stage() == accesskey.RollingBack {
		return r.New
	}
	return r.Old
}

func retryMeans(r accesskey.Record) string {
	switch r.Block.Reason {
	case WhyStillUsed:
		return "watch it once more for as long"
	case WhyUndelivered:
		return fmt.Sprintf("try %s for another %s", r.Block.Destination, about(r.Terms.DeliverMax))
	case WhyCannotRestore:
		return fmt.Sprintf("try to put %s back for another %s", r.Block.Destination, about(r.Terms.DeliverMax))
	case WhyHoldsOther:
		return fmt.Sprintf("go on, once %s holds the right key again", r.Block.Destination)
	case WhyNobodyHasIt:
		return fmt.Sprintf("wait another %s for somebody to take it", about(r.Terms.DeliverMax))
	case WhyClaimElsewhere, WhyClaimTaken:
		return "look again, once the other journal has let go of the user"
	case WhyRefused, WhyCheckFailed:
		return "try again, once that is put right"
	case WhyBothUsed, WhyOtherUnused, WhyKept:
		return "look again, once there is room for another key"
	case WhyNotSwitched:
		return "look again, once keytend is run with other credentials"
	case WhyNewGone, WhyNewOff:
		return fmt.Sprintf("look again, once %s or %s is on", r.New, r.Old)
	}
	return "look again"
}
