package report

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// LastUsedRecord is the latest use of a key: a UseRecord, null for never, or
// the word "unknown". The zero LastUsedRecord is unknown.
type LastUsedRecord struct {
	fact accesskey.Fact[accesskey.LastUse]
}

// MarshalJSON implements json.Marshaler.
func (l LastUsedRecord) MarshalJSON() ([]byte, error) {
	use, ok := l.fact.Get()
	switch {
	case !ok:
		return json.Marshal(unknown)
	case use.Never():
		return []byte("null"), nil
	}
	return marshal(UseRecord{Date: use.At.UTC(), Service: use.Service, Region: use.Region})
}

// UnmarshalJSON implements json.Unmarshaler. When and from where it was read
// stands in the key's freshness and is not restored.
func (l *LastUsedRecord) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch string(data) {
	case `"unknown"`:
		*l = LastUsedRecord{}
		return nil
	case "null":
		*l = LastUsedRecord{accesskey.Observed(accesskey.LastUse{}, time.Time{}, "")}
		return nil
	}
	var use UseRecord
	if err := json.Unmarshal(data, &use); err != nil {
		return err
	}
	*l = LastUsedRecord{accesskey.Observed(accesskey.LastUse{At: use.Date, Service: use.Service, Region: use.Region}, time.Time{}, "")}
	return nil
}
