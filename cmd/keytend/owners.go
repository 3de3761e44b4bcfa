package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/owner"
	"github.com/keytend/keytend/internal/policy"
)

// defaultOwnersFile is where owners are kept unless the policy names a file.
const defaultOwnersFile = "owners.csv"

func ownersCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "owners",
		Short: "Who owns which keys, and who may",
		Long: `Notices go to the owners of keys. The policy file says how owners are known: by
the owners file (account,user,owner), a tag of the user, its path, an expression,
or a fallback for all others.`,
		Example: `  keytend owners suggest --organization --out owners.csv
  keytend owners import filled-in.csv
  keytend owners export`,
	}
	command.AddCommand(ownersSuggestCommand(a), ownersImportCommand(a), ownersExportCommand(a))
	return command
}

// ownersSuggest is one run of `keytend owners suggest`.
type ownersSuggest struct {
	app      *app
	fleet    fleetFlags
	domain   string
	creators bool
	out      string
}

func ownersSuggestCommand(a *app) *cobra.Command {
	s := &ownersSuggest{app: a}
	command := &cobra.Command{
		Use:   "suggest",
		Short: "Suggest who owns each user's keys",
		Long: `Suggest writes an owners file with a row for each user that has keys. Above each
row stands how sure the suggestion is, and why: the user's tag, its name, who
made it (as far as CloudTrail's 90 days go), or whom the users beside it belong
to. Rows without an owner are to be filled in. Nothing is decided by it: read
it, mend it, and take it over with ` + "`keytend owners import`" + `.`,
		Example: `  keytend owners suggest
  keytend owners suggest --organization --domain example.com --out owners.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.fleet.check(c, a.profile); err != nil {
				return usageError{c, err}
			}
			return s.run(c.Context())
		},
	}
	s.fleet.addTo(command)
	flags := command.Flags()
	flags.StringVar(&s.domain, "domain", "", "`domain` of the organization's mail addresses (default: the commonest that shows)")
	flags.BoolVar(&s.creators, "creators", true, "ask CloudTrail who made the users and keys of the last 90 days")
	addOutFlag(command, &s.out)
	return command
}

func (s *ownersSuggest) run(ctx context.Context) error {
	c, err := s.app.meant(ctx, &s.fleet)
	if err != nil {
		return err
	}
	roll, failed := s.app.gather(ctx, c, s.creators)
	if err := ctx.Err(); err != nil {
		return err
	}
	all := owner.Suggest(roll.subjects, s.domain)
	if err := s.app.writeOutput(s.out, func(w io.Writer) error { return writeSuggestions(w, all) }); err != nil {
		return err
	}
	if s.out != "" && s.out != "-" {
		s.app.line(suggested(all) + "\nRead it, fill it in, and take it over with  keytend owners import " + s.out)
	}
	return partial(failed)
}

// suggested counts suggestions.
func suggested(all []owner.Suggestion) string {
	n := map[owner.Sureness]int{}
	for _, s := range all {
		n[s.Sure]++
	}
	return fmt.Sprintf("Owners of %s with keys: %d sure, %d likely, %d a guess, %d to be filled in.",
		count(len(all), "user"), n[owner.Sure], n[owner.Likely], n[owner.Guess], n[""])
}

// writeSuggestions writes an owners file with a comment above each row.
func writeSuggestions(w io.Writer, all []owner.Suggestion) error {
	rows := csv.NewWriter(w)
	err := rows.Write(config.OwnersHeader)
	for _, s := range all {
		rows.Flush() // comments are no rows
		sure := string(s.Sure)
		if s.Owner == "" {
			sure = "nobody known"
		}
		_, said := fmt.Fprintf(w, "# %s: %s\n", sure, printable(s.Why))
		err = errors.Join(err, said, rows.Write([]string{s.Account, s.User, s.Owner}))
	}
	rows.Flush()
	return errors.Join(err, rows.Error())
}

// ownersFile is the file that owners are kept in.
func ownersFile(p *config.Policy) string {
	if p.Owners.File == "" {
		return config.Beside(filepath.Dir(p.File()), defaultOwnersFile)
	}
	return config.Beside(filepath.Dir(p.File()), p.Owners.File)
}

// ownersImport is one run of `keytend owners import`.
type ownersImport struct {
	app     *app
	file    policyFlag
	yes     bool
	command *cobra.Command
}

func ownersImportCommand(a *app) *cobra.Command {
	i := &ownersImport{app: a}
	i.command = &cobra.Command{
		Use:   "import FILE",
		Short: "Take owners over into the owners file",
		Long: `Import reads a file of account,user,owner and takes its rows over into the owners
file that the policy names (owners.csv beside it, where it names none). Rows
without an owner change nothing; what was there and isn't in the file stays.`,
		Example: "  keytend owners import filled-in.csv\n  keytend owners import filled-in.csv --yes",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return i.run(args[0]) },
	}
	i.file.addTo(i.command)
	i.command.Flags().BoolVarP(&i.yes, "yes", "y", false, "don't ask: do it")
	return i.command
}

func (i *ownersImport) run(from string) error {
	p, err := i.app.loadPolicy(&i.file)
	if err != nil {
		return err
	}
	path := ownersFile(p)
	fresh, err := readOwnersFile(from)
	if err != nil {
		return err
	}
	have, err := readOwnersFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged, changes := mergeOwners(have, fresh)
	if len(changes) == 0 {
		i.app.line("Nothing new: " + path + " stays as it is.")
		return nil
	}
	i.app.line(strings.Join(changes, "\n"))
	if err := i.app.ask(i.command, i.yes, fmt.Sprintf("Take over %s into %s?", count(len(changes), "owner"), path)); err != nil {
		return err
	}
	err = i.app.writeOutput(path, func(w io.Writer) error { return writeOwners(w, merged) })
	if err == nil && p.Owners.File == "" {
		i.app.line("Name it in the policy:  owners: {file: " + defaultOwnersFile + "}")
	}
	return err
}

func readOwnersFile(path string) ([]config.OwnerRow, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := config.ReadOwners(filepath.ToSlash(path), data)
	if err != nil {
		return nil, hinted{fmt.Errorf("nothing was changed: %w", err), "want the columns account,user,owner"}
	}
	return rows, nil
}

// mergeOwners puts fresh rows over those there are, and says what that changes.
func mergeOwners(have, fresh []config.OwnerRow) (merged []config.OwnerRow, changes []string) {
	at := map[[2]string]int{}
	for i, row := range have {
		at[[2]string{row.Account, strings.ToLower(row.User)}] = i
	}
	merged = have
	for _, row := range fresh {
		where := strings.TrimSpace(row.User + " " + row.Account)
		i, known := at[[2]string{row.Account, strings.ToLower(row.User)}]
		switch {
		case !known:
			merged = append(merged, row)
			changes = append(changes, fmt.Sprintf("+ %s: %s", where, row.Owner))
		case merged[i].Owner != row.Owner:
			changes = append(changes, fmt.Sprintf("~ %s: %s, was %s", where, row.Owner, merged[i].Owner))
			merged[i].Owner = row.Owner
		}
	}
	return merged, changes
}

func writeOwners(w io.Writer, all []config.OwnerRow) error {
	rows := csv.NewWriter(w)
	err := rows.Write(config.OwnersHeader)
	for _, r := range all {
		err = errors.Join(err, rows.Write([]string{r.Account, r.User, r.Owner}))
	}
	rows.Flush()
	return errors.Join(err, rows.Error())
}

// ownersExport is one run of `keytend owners export`.
type ownersExport struct {
	planning
	out string
}

func ownersExportCommand(a *app) *cobra.Command {
	e := &ownersExport{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "export",
		Short: "Write down who owns each user's keys by the policy",
		Long: `Export writes an owners file of every user with keys and whom the policy makes
its owner now; above each row stands how that is known.`,
		Example: "  keytend owners export\n  keytend owners export --organization --out owners-now.csv",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := e.fleet.check(c, a.profile); err != nil {
				return usageError{c, err}
			}
			return e.run(c.Context())
		},
	}
	e.config.addTo(command)
	e.fleet.addTo(command)
	addOutFlag(command, &e.out)
	return command
}

func (e *ownersExport) run(ctx context.Context) error {
	if err := e.load(); err != nil {
		return err
	}
	if err := e.accounts(ctx); err != nil {
		return err
	}
	roll, failed := e.app.gather(ctx, e.crew, false)
	if err := ctx.Err(); err != nil {
		return err
	}
	all := make([]owner.Suggestion, 0, len(roll.users))
	for _, u := range roll.users {
		r, err := e.policy.Ruling(&u.account, &u.user, &u.key, e.crew.at)
		s := owner.Suggestion{Account: u.account.ID, User: u.user.Name, Owner: r.Owner, Sure: owner.Sure, Why: r.OwnerFrom}
		switch {
		case err != nil:
			s.Why = err.Error()
		case r.Owner == "":
			s.Why = "neither file, tag, path, expression nor fallback names anybody"
		}
		all = append(all, s)
	}
	if err := e.app.writeOutput(e.out, func(w io.Writer) error { return writeSuggestions(w, all) }); err != nil {
		return err
	}
	return partial(failed)
}

// ownerTags are the tags that name an owner where no policy says otherwise.
func ownerTags() []string { return policy.DefaultRules().OwnerTags }
