package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date; ErrNewer where they are ahead of us.
func migrate(ctx context.Context, db *sql.DB) error {
	p, _, err := versions(ctx, db)
	if err == nil {
		_, err = p.Up(ctx)
	}
	return err
}

// upToDate reports tables that can't be read as they are.
func upToDate(ctx context.Context, db *sql.DB) error {
	_, older, err := versions(ctx, db)
	switch {
	case errors.Is(err, ErrNewer):
		return err
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrUnfinished, err)
	case older:
		return ErrUnfinished
	}
	return nil
}

func versions(ctx context.Context, db *sql.DB) (p *goose.Provider, older bool, err error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, false, err
	}
	if p, err = goose.NewProvider(goose.DialectSQLite3, db, dir); err != nil {
		return nil, false, err
	}
	known := p.ListSources()
	latest := known[len(known)-1].Version
	at, err := p.GetDBVersion(ctx)
	if err == nil && at > latest {
		err = ErrNewer
	}
	return p, at < latest, err
}
