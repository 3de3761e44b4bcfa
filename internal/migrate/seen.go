package migrate

import "time"

// Seen is one kind of call that a key was seen making from one place.
type Seen struct {
	Place       Place
	Source      string // eventSource, "s3.amazonaws.com"
	Name        string // eventName, "ListBuckets"
	Region      string
	First, Last time.Time
	Count       int
	Failed      int // of them, by whatever error
	// Resources are the ARNs that the calls named; one that ends in * stands for
	// many. More says that they are not all of it, so that they narrow nothing.
	Resources []string
	More      bool
}

// Succeeded is how many of the calls did.
func (s Seen) Succeeded() int { return s.Count - s.Failed }
