// Package credentialsfile delivers a key to one profile of an AWS shared
// credentials file, which every SDK and the AWS CLI read:
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
//
// Comments, order, spacing, mode, owner and links are kept, other profiles are
// not touched. A profile with a session token or a credential_process is
// refused: its key is not ours.
package credentialsfile

import (
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/pairs"
	"github.com/keytend/keytend/internal/destination/textfile"
	"github.com/keytend/keytend/internal/rotation"
)

// Kind is the name before the colon.
const Kind = "credentialsfile"

// Profile is one profile of one file.
type Profile struct {
	pairs.File
}

// Open returns the destination PATH#PROFILE; without #PROFILE it is [default].
// locks is a folder for locks. The file may be missing: it is made.
func Open(where, locks string) (*Profile, error) {
	path, name, _ := strings.Cut(where, "#")
	if name == "" {
		name = "default"
	}
	if path == "" || strings.ContainsAny(name, "[]\r\n") {
		return nil, fmt.Errorf("destination %s:%s: want PATH#PROFILE", Kind, where)
	}
	return &Profile{pairs.File{
		Label: Kind + ":" + path + "#" + name,
		File:  textfile.File{Path: path, Locks: locks, Create: true},
		Format: pairs.Format{
			Read: func(text string) (pairs.Pair, error) {
				got, err := read(text, name)
				return pairs.Pair{ID: accesskey.ID(got.ID), Secret: accesskey.NewSecret(got.Secret)}, err
			},
			Write: func(text string, want pairs.Pair) (string, error) {
				return write(text, name, pair{string(want.ID), want.Secret.Reveal()})
			},
		},
	}}, nil
}

var (
	_ rotation.Destination = (*Profile)(nil)
	_ rotation.Restorer    = (*Profile)(nil)
)
