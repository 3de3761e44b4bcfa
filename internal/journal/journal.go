// Package journal records: the record of each piece of work, replaced by
// compare-and-swap, and the audit of every event, chained by hashes, both in
// the same transaction. It is a SQLite file by default, for one host.
//
// It never decides, never talks to AWS, and never sees a secret that is not
// sealed.
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the driver: pure Go
)

// ErrNewer says that the state file was written by a newer Keytend.
var ErrNewer = errors.New("the state file was written by a newer version of keytend: use that one, or point --state elsewhere")

// Journal is a state file. It is safe for concurrent use, by several processes
// of one host too. On network storage, where SQLite's shared memory does not work,
// it is opened by OpenAlone.
type Journal struct {
	db   *sql.DB
	path string
	read bool // only
}

// DefaultPath returns where the state file is kept unless told otherwise:
// $XDG_STATE_HOME/keytend/state.db or what stands for it. lookup reads the
// environment; home is the user's home directory.
func DefaultPath(lookup func(string) (string, bool), home string) string {
	for _, dir := range []struct{ name, below string }{{"XDG_STATE_HOME", ""}, {"LOCALAPPDATA", ""}} {
		if v, ok := lookup(dir.name); ok && v != "" {
			return filepath.Join(v, "keytend", "state.db")
		}
	}
	return filepath.Join(home, ".local", "state", "keytend", "state.db")
}

// Open opens the state file, makes it (mode 0600, its folder 0700) where there
// is none, and brings its tables up to date. ErrNewer where it is from a newer
// version; nothing is changed then.
func Open(ctx context.Context, path string) (*Journal, error) {
	return openIn(ctx, path, "journal_mode(WAL)")
}

// OpenAlone opens a state file on network storage (NFS, EFS): SQLite shares no memory
// and keeps the file to itself until Close, so that whoever opens it meanwhile is
// refused after some seconds. That two hosts don't open it at the same time is the
// caller's to see to: locks on network storage are not to be relied upon.
// https://sqlite.org/wal.html#use_of_wal_without_shared_memory
func OpenAlone(ctx context.Context, path string) (*Journal, error) {
	j, err := openIn(ctx, path, "locking_mode(EXCLUSIVE)", "journal_mode(TRUNCATE)")
	if err != nil {
		return nil, err
	}
	if err := j.seize(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open state file %s: another process has it open: %w", path, err), j.Close())
	}
	return j, nil
}

// seize takes the lock, which is kept from then on.
func (j *Journal) seize(ctx context.Context) error {
	c, err := j.db.Conn(ctx)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "BEGIN EXCLUSIVE")
	if err == nil {
		_, err = c.ExecContext(ctx, "COMMIT")
	}
	return errors.Join(err, c.Close())
}

func openIn(ctx context.Context, path string, modes ...string) (*Journal, error) {
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	db, err := sql.Open("sqlite", dsn(path, modes))
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	j := &Journal{db: db, path: path}
	if err := j.alone(ctx, func() error { return migrate(ctx, db) }); err != nil {
		return nil, errors.Join(fmt.Errorf("open state file %s: %w", path, refused(err)), db.Close())
	}
	return j, nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }

// prepare makes the file before SQLite does, so that it is never readable by
// others. SQLite gives its -wal and -shm files the same mode.
func prepare(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn asks for a log that is synced at every commit: an intent that a power cut could
// lose would be worth nothing.
func dsn(path string, modes []string) string {
	q := url.Values{
		"_pragma": slices.Concat([]string{"busy_timeout(10000)"}, modes, []string{"synchronous(FULL)", "foreign_keys(1)"}),
		"_txlock": {"immediate"},
	}
	return address(path, q)
}

func address(path string, q url.Values) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

// write runs f in one transaction.
func (j *Journal) write(ctx context.Context, f func(*sql.Tx) error) (err error) {
	if j.read {
		return fmt.Errorf("write state file %s: %w", j.path, ErrReadOnly)
	}
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
