package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrReadOnly says that a state file is there and can't be written: it, its folder or
// the whole file system.
var ErrReadOnly = errors.New("it can't be written here")

// ErrUnfinished says that what was written last can't be read without writing.
var ErrUnfinished = errors.New("who wrote it last has not closed it, or was an older version of keytend: copy it with the files beside it to where you may write, and point --state at the copy to read that")

// OpenToRead opens a state file that is there and can't be written. Nothing is made
// beside it, and every write fails with ErrReadOnly. What somebody else writes to it
// meanwhile may not be seen. ErrUnfinished where it can't be read so, ErrNewer as of
// Open.
func OpenToRead(ctx context.Context, path string) (*Journal, error) {
	mode := "immutable"
	if rest, err := os.Stat(path + "-wal"); err == nil && rest.Size() > 0 {
		mode = "mode" // the log's index, too, is only read
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)"}}
	q.Set(mode, map[string]string{"immutable": "1", "mode": "ro"}[mode])
	db, err := sql.Open("sqlite", address(path, q))
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := upToDate(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("open state file %s to read: %w", path, err), db.Close())
	}
	return &Journal{db: db, path: path, read: true}, nil
}

// ReadOnly reports whether it was opened by OpenToRead.
func (j *Journal) ReadOnly() bool { return j.read }

// refused tells of an error of opening a file that is there whether it is that it, or
// what must lie beside it, can't be written. The file is not tried out: closing it
// would take from this process what locks it has on it.
// https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
func refused(err error) error {
	var said *sqlite.Error
	if errors.As(err, &said) {
		code := said.Code() & 0xff // the rest says more
		if code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_CANTOPEN {
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
