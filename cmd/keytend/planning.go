package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
	"github.com/keytend/keytend/internal/rotation"
)

// planning is what every command that follows the policy file has in common:
// which file, which accounts, and what is on record about them.
type planning struct {
	app     *app
	config  policyFlag
	fleet   fleetFlags
	state   state
	only    []string // kinds of item; none: all
	account []string
	user    []string
	horizon time.Duration
	window  time.Duration // instead of the policy's; 0: that
	span    time.Duration // of a proof, instead of the policy's; 0: that

	policy  *config.Policy
	hash    string // of what was read for it
	found   bool   // a file was read
	crew    *crew
	base    *awsapi.Session   // of the credentials in use
	states  *managed.Registry // Terraform's, of every account
	leavers *leavers          // nil: nobody knows who has left
	desk    *desk             // nil: there is no state file
	freezes []rotation.Freeze
	sealed  rotation.Escrow
	heed    func(*policy.Item) // is told of every item before it is kept, by several at once; may be nil
	places  bool               // say where keys are used, as far as it is on record
	acks    []notice.Ack       // that hold now, for that
	due     *policy.Schedule   // nil: nothing was surveyed
	measure measuring
	met     sync.Map // names of the users there are, where --user names some
	idle    sync.Map // IDs of the records that a pass would leave as they are
}

// load reads the policy file. Its hash is that of every file that was read for
// it.
func (p *planning) load() (err error) {
	sum := sha256.New()
	p.policy, p.found, err = p.app.readPolicy(&p.config, func(path string) ([]byte, error) {
		data, err := os.ReadFile(path)
		if err == nil {
			_, _ = fmt.Fprintf(sum, "%d\n%s", len(data), data) // a hash takes everything
		}
		return data, err
	})
	p.hash = hex.EncodeToString(sum.Sum(nil))
	return err
}

// record names the policy in a plan.
func (p *planning) record() report.PolicyRecord {
	r := report.PolicyRecord{Hash: p.hash, Mode: string(p.policy.Mode)}
	if p.found {
		r.File = p.policy.File()
	}
	return r
}

// open reads the policy, finds the accounts, and opens the state file where
// there is one.
func (p *planning) open(ctx context.Context) error {
	if err := p.load(); err != nil {
		return err
	}
	if err := p.accounts(ctx); err != nil {
		return err
	}
	if err := p.openStates(); err != nil {
		return err
	}
	p.openLeavers()
	if err := p.openState(ctx, false); err != nil || p.desk == nil {
		return err
	}
	var err error
	p.freezes, err = p.desk.Freezes(ctx, p.crew.at)
	return err
}

func (p *planning) close() {
	if p.due != nil {
		_ = p.due.Close() // its file is gone with the process in any case
	}
	if p.desk != nil {
		p.desk.close()
	}
}

// openState opens the state file and the escrow; with write, they are made where
// there are none.
func (p *planning) openState(ctx context.Context, write bool) (err error) {
	if _, err := os.Stat(p.state.file(p.app)); !write && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if p.desk == nil {
		if p.desk, err = p.app.openDesk(ctx, &p.state); err != nil {
			return err
		}
	}
	if p.sealed, err = p.app.escrow(&p.state, p.base.KMS(p.state.kms), write && !p.desk.sealedByAge(ctx)); err != nil {
		p.sealed = lateEscrow{err}
	}
	return nil
}

// sessionClock is AWS's time of a session.
type sessionClock struct{ *awsapi.Session }

// Skew implements rotation.Clock: nothing that needs it is done by this clock.
func (c sessionClock) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Unread[time.Duration]("not asked")
}

func (p *planning) clock() rotation.Clock { return sessionClock{p.base} }
