package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
)

// Note adds an event to the audit chain about something that has no record: the
// root user's credentials.
func (j *Journal) Note(ctx context.Context, e accesskey.Event) error {
	err := j.write(ctx, func(tx *sql.Tx) error { return appendEvent(ctx, tx, accesskey.Record{}, "", e) })
	if err != nil {
		return fmt.Errorf("note %s in account %s: %w", e.What, e.Account, err)
	}
	return nil
}
