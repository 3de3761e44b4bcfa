// Package escrow seals what must outlive a process: a new secret until the old
// key rests, and what stood in each destination until the end. It seals to an
// age identity of this installation, or with a key in AWS KMS.
//
// It never stores anything itself but the identity it makes at first use, and
// no error of it holds what was sealed.
package escrow

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What callers branch on.
var (
	// ErrNoIdentity says that there is no age identity where one was expected.
	ErrNoIdentity = errors.New("no age identity")
	// ErrWrongIdentity says that what is kept was sealed for another identity.
	ErrWrongIdentity = errors.New("wrong identity")
	// ErrWrongPurpose says that a sealed text was put in another's place.
	ErrWrongPurpose = errors.New("sealed for another purpose")
)

// content is what is sealed: the purpose inside, so that one sealed text can't
// stand in for another.
type content struct {
	Purpose string `json:"purpose"`
	Plain   []byte `json:"plain"`
}

func wrap(purpose string, plain []byte) ([]byte, error) {
	return json.Marshal(content{purpose, plain})
}

func unwrap(purpose string, sealed []byte) ([]byte, error) {
	var c content
	if json.Unmarshal(sealed, &c) != nil {
		// The decoder's error may quote what it read.
		return nil, errors.New("what was sealed is not ours")
	}
	if c.Purpose != purpose {
		return nil, fmt.Errorf("%w: wanted %q", ErrWrongPurpose, purpose)
	}
	return c.Plain, nil
}

// text spells a sealed value: scheme, who can open it, and the bytes.
func text(scheme, recipient string, sealed []byte) string {
	return scheme + "|" + recipient + "|" + base64.StdEncoding.EncodeToString(sealed)
}

func parse(scheme, sealed string) (recipient string, body []byte, err error) {
	parts := strings.Split(sealed, "|")
	if len(parts) != 3 {
		return "", nil, errors.New("not a sealed value")
	}
	if parts[0] != scheme {
		return "", nil, fmt.Errorf("sealed with %s: %w", parts[0], ErrWrongIdentity)
	}
	body, err = base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return "", nil, errors.New("not a sealed value")
	}
	return parts[1], body, nil
}
