// Package evidence collects where keys are used: from CloudTrail's event
// history, from exported log files and buckets, from an Athena table over a
// trail, from CloudTrail Lake. It adds events up into usage's aggregates, which are all that is kept
// of them, and can be gone on with where it was broken off.
//
// It never believes an event twice, never takes what it could not read for
// silence, and keeps no parameter of any call but which resource it named.
package evidence

import (
	"context"
	"slices"

	"github.com/keytend/keytend/internal/usage"
)

// Keeper keeps aggregates from one run to the next: the journal.
type Keeper interface {
	// Reading returns how far a stream was read, and what it came to; the zero
	// Reading where it never was.
	Reading(ctx context.Context, s usage.Stream) (usage.Reading, []usage.Use, error)
	// KeepReading puts both in the place of what was kept of the stream, whole or
	// not at all.
	KeepReading(ctx context.Context, s usage.Stream, r usage.Reading, uses []usage.Use) error
}

// Found is what one source came to.
type Found struct {
	Uses   []usage.Use
	Looked []string    // where was looked, a phrase each
	Unread []usage.Gap // where could not be looked, or not all of the way
	Lacks  []string    // what a source that was read can't have, a sentence each
	Data   bool        // the source has data events
}

// And is what two sources came to: their uses side by side.
func (f Found) And(other Found) Found {
	return Found{
		Uses: slices.Concat(f.Uses, other.Uses), Looked: slices.Concat(f.Looked, other.Looked), Unread: slices.Concat(f.Unread, other.Unread),
		Lacks: slices.Concat(f.Lacks, other.Lacks), Data: f.Data || other.Data,
	}
}

// Progress says how far reading is.
type Progress struct {
	Where  string
	Events int64
	Part   float64 // from 0 to 1; 0: not known
}
