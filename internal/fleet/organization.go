package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// DefaultRole is the role that Organizations makes in every account that it
// creates.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
const DefaultRole = "OrganizationAccountAccessRole"

// sessionName is what CloudTrail shows of whoever comes in.
const sessionName = "keytend"

// Organization is the accounts of AWS Organizations, entered by a role that
// each of them has. The caller's own account is entered with the caller's own
// credentials, but by the roles that Roles names.
type Organization struct {
	Base       *awsapi.Session // of the management account or of a delegated administrator
	RoleName   string          // with its path, if any, but without the first slash; empty: DefaultRole
	Roles      Roles           // instead of RoleName
	ExternalID string          // empty: none
	Selection  Selection
}

var (
	roleForm       = regexp.MustCompile(`^([\x21-\x7e]+/)?[\w+=,.@-]{1,64}$`)
	externalIDForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

// Check refuses what IAM would.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (o Organization) Check() error {
	for _, name := range append(o.Roles.names(), o.RoleName) {
		if name != "" && (!roleForm.MatchString(name) || strings.HasPrefix(name, "arn:")) {
			return fmt.Errorf("role name %q: want the name of a role (with its path, if it has one), not an ARN", name)
		}
	}
	if o.ExternalID != "" && (!externalIDForm.MatchString(o.ExternalID) || len(o.ExternalID) > 1224) {
		return errors.New("external ID: want 2 to 1,224 letters, digits and _+=,.@:/-")
	}
	return o.Roles.check()
}

// Roster lists the accounts that are meant. Nothing is entered for that. An
// account that is meant but not in the state ACTIVE is left out.
func (o Organization) Roster(ctx context.Context) (Roster, error) {
	caller, err := o.Base.Identity(ctx)
	if err != nil {
		return Roster{}, err
	}
	org := o.Base.Organization()
	selection, err := o.Selection.resolved(ctx, org)
	if err != nil {
		return Roster{}, err
	}
	var all []candidate
	for account, err := range org.Accounts(ctx) {
		if err != nil {
			return Roster{}, err
		}
		all = append(all, candidate{MemberAccount: account})
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.ID, b.ID) })
	selection.unplaced(all)
	selection.tagged(ctx, org, all)
	if err := cmp.Or(ctx.Err(), selection.idle(all)); err != nil {
		return Roster{}, err
	}
	return o.sorted(selection, all, caller), nil
}

// sorted tells the accounts that are meant from the others.
func (o Organization) sorted(selection Selection, all []candidate, caller awsapi.Identity) Roster {
	var r Roster
	for i := range all {
		switch c := &all[i]; {
		case c.failed != nil:
			r.Missing = append(r.Missing, *c.failed)
		case !selection.means(c):
			r.Excluded++
		case c.State != "" && c.State != awsapi.ActiveState:
			r.LeftOut = append(r.LeftOut, LeftOut{c.ID, c.Name, c.State})
		default:
			r.Members = append(r.Members, o.member(c.MemberAccount, caller))
		}
	}
	return r
}

// ErrOutside is an account that isn't in the organization.
var ErrOutside = errors.New("not in the organization")

// Member returns one account of the organization, whatever the selection. The
// error matches ErrOutside where there is no such account. An account in which
// nothing can be read, by its state, is an error too.
func (o Organization) Member(ctx context.Context, id string) (Member, error) {
	caller, err := o.Base.Identity(ctx)
	if err != nil {
		return Member{}, err
	}
	if id == caller.Account {
		return o.member(awsapi.MemberAccount{ID: id}, caller), nil
	}
	account, err := o.Base.Organization().Account(ctx, id)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound:
		return Member{}, fmt.Errorf("account %s: %w", id, ErrOutside)
	case err != nil:
		return Member{}, err
	case account.State != "" && account.State != awsapi.ActiveState:
		return Member{}, fmt.Errorf("account %s is %s: nothing can be read in it", id, account.State)
	}
	return o.member(account, caller), nil
}

func (o Organization) member(account awsapi.MemberAccount, caller awsapi.Identity) Member {
	m := Member{Account: accesskey.Account{ID: account.ID, Partition: caller.Partition, Name: account.Name}}
	own := account.ID == caller.Account
	if own && o.Roles.none() {
		m.open = func(context.Context) (*awsapi.Session, error) { return o.Base, nil }
		return m
	}
	g := gate{Organization: o, account: m.Account}
	m.open = g.open
	m.hint = func(err error) string { return o.hint(err, account.ID == account.Management && !own) }
	return m
}

// hint says what may be wrong where a role can't be assumed: AWS answers the
// same whether it is missing, doesn't trust the caller, or wants another
// external ID.
func (o Organization) hint(err error, management bool) string {
	var refused *awsapi.Error
	if !errors.As(err, &refused) || refused.Call != "sts:AssumeRole" || refused.Class != awsapi.Denied {
		return ""
	}
	role := cmp.Or(o.Roles.Read, o.Roles.Rest, o.RoleName, DefaultRole)
	if management {
		return "The management account has no role " + role + " unless somebody made it: make it, run from the management account, or --exclude it."
	}
	id := "asks for no external ID"
	if o.ExternalID != "" {
		id = "asks for this external ID"
	}
	return "See that the account has a role " + role + ", that its trust policy admits the caller and " + id +
		", and that the caller is allowed sts:AssumeRole on it (keytend permissions)."
}
