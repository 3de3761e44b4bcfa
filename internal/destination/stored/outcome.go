package stored

import (
	"errors"
	"fmt"

	"github.com/keytend/keytend/internal/rotation"
)

// What errors of the stores may say about themselves; see package awsapi.
type (
	certain  interface{ NotDone() bool }
	denied   interface{ Denied() bool }
	notFound interface{ NotFound() bool }
	tooLate  interface{ TooLate() bool }
)

// NotDone marks an error as one that changed nothing. What was denied, or came
// too late to be sent, is marked as that too.
func NotDone(err error) error {
	var d denied
	var l tooLate
	switch {
	case err == nil || errors.Is(err, rotation.ErrNotDone):
		return err
	case errors.As(err, &d) && d.Denied():
		return fmt.Errorf("%w (%w, %w)", err, rotation.ErrDenied, rotation.ErrNotDone)
	case errors.As(err, &l) && l.TooLate():
		return fmt.Errorf("%w (%w, %w)", err, rotation.ErrLeaseOver, rotation.ErrNotDone)
	}
	return fmt.Errorf("%w (%w)", err, rotation.ErrNotDone)
}

// Outcome marks the error of a call that changes something: as not done where
// that is certain.
func Outcome(err error) error {
	if Certain(err) {
		return NotDone(err)
	}
	return err
}

// Certain reports whether a failed call certainly changed nothing.
func Certain(err error) bool {
	var c certain
	return errors.As(err, &c) && c.NotDone()
}

// Denied reports whether a call was refused for want of a permission.
func Denied(err error) bool {
	var d denied
	return errors.As(err, &d) && d.Denied()
}

// Missing reports whether what was asked for doesn't exist.
func Missing(err error) bool {
	var n notFound
	return errors.As(err, &n) && n.NotFound()
}

// Changed is the error of a lost race that changed nothing. what stands there
// instead is said to people.
func Changed(what string) error {
	return fmt.Errorf("%s: %w (%w)", what, rotation.ErrChanged, rotation.ErrNotDone)
}
