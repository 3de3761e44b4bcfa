package journal

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date; ErrNewer where they are ahead of us.
func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return err
	}
	known := p.ListSources()
	at, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if at > known[len(known)-1].Version {
		return ErrNewer
	}
	_, err = p.Up(ctx)
	return err
}
