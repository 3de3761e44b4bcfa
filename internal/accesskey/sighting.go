package accesskey

import "time"

// Sighting is one seen use of a key.
type Sighting struct {
	At    time.Time // UTC
	Place Place
	// Session says that the call made temporary credentials from the key
	// (GetSessionToken, GetFederationToken), which live on for up to 36 hours.
	Session bool
}

// Place is where a use came from: two uses from the same place are taken for
// the same consumer.
type Place struct {
	Network string // source address or VPC endpoint
	Agent   string // user agent, without versions
	Service string // iam.amazonaws.com
}
