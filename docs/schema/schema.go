// Package schema holds the JSON schemas of what Keytend reads and writes. They
// are generated from the structs they describe; nothing here is edited by hand.
package schema

import _ "embed"

// Policy is the JSON schema of the policy file, keytend.yaml.
//
//go:embed keytend.schema.json
var Policy []byte
