package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// Roles are names of roles, one for each kind of what is done in an account. The
// zero Roles leave everything to Organization.RoleName.
type Roles struct {
	Read, Deliver, Create, Deactivate, Delete string // empty: Rest
	Rest                                      string // for the kinds that name none; empty: nobody does them
}

func (r Roles) none() bool { return r == Roles{} }

// names are all that were given.
func (r Roles) names() []string {
	return slices.DeleteFunc([]string{r.Read, r.Deliver, r.Create, r.Deactivate, r.Delete, r.Rest}, func(name string) bool { return name == "" })
}

// check refuses roles of which none may read.
func (r Roles) check() error {
	if !r.none() && r.Read == "" && r.Rest == "" {
		return errors.New("roles: want one for reading (read), or one for everything that has none of its own (role)")
	}
	return nil
}

// of is the role of a duty; empty: there is none.
func (r Roles) of(d awsapi.Duty) string {
	return cmp.Or(map[awsapi.Duty]string{
		awsapi.Deliver: r.Deliver, awsapi.Create: r.Create, awsapi.Deactivate: r.Deactivate, awsapi.Delete: r.Delete,
	}[d], r.Rest)
}

// gate is how one account is entered.
type gate struct {
	Organization
	account accesskey.Account
}

// open enters the account to read it. By whom it is changed is found out when
// the first change comes.
func (g gate) open(ctx context.Context) (*awsapi.Session, error) {
	if g.Roles.none() {
		return g.assume(ctx, cmp.Or(g.RoleName, DefaultRole))
	}
	session, err := g.assume(ctx, cmp.Or(g.Roles.Read, g.Roles.Rest))
	if err == nil {
		session.Divide(g.change)
	}
	return session, err
}

// change enters the account for acts of one duty.
func (g gate) change(ctx context.Context, d awsapi.Duty) (*awsapi.Session, error) {
	name := g.Roles.of(d)
	if name == "" {
		return nil, fmt.Errorf("%s in account %s: %w: see accounts.organization.roles", d, g.account.ID, awsapi.ErrNobody)
	}
	session, err := g.assume(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%s in account %s, by role %s: %w", d, g.account.ID, name, err)
	}
	return session, nil
}

func (g gate) assume(ctx context.Context, name string) (*awsapi.Session, error) {
	role := awsapi.Role{
		ARN:        "arn:" + g.account.Partition + ":iam::" + g.account.ID + ":role/" + name,
		ExternalID: g.ExternalID, Session: sessionName,
	}
	session, err := g.Base.Assume(ctx, role)
	if err != nil {
		return nil, err
	}
	who, err := session.Identity(ctx)
	if err == nil && who.Account != g.account.ID {
		err = fmt.Errorf("role %s gave a session of account %s", role.ARN, who.Account)
	}
	return session, err
}
