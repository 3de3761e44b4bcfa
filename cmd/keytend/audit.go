package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal"
)

func auditCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "audit",
		Short: "Who did what to which key, when and why",
		Long: `Every intent, every call to AWS with its outcome, every delivery and every
person's word is one event of a chain: each holds the hash of the one before, so
that none can be changed, removed or moved unnoticed. A chain can still be cut
off at its end, or be computed anew by whoever owns the file: publish its head
now and then (audit head), and verify against it.`,
		Example: "  keytend audit list alice\n  keytend audit verify --head head.json",
	}
	command.AddCommand(auditList(a), auditVerify(a), auditExport(a), auditHead(a))
	return command
}

// audited is a command that only reads a state file.
func (a *app) audited(command *cobra.Command, run func(context.Context, *desk, []string) error) *cobra.Command {
	s := &state{}
	s.addTo(command)
	command.RunE = func(c *cobra.Command, args []string) error {
		d, err := a.openToRead(c.Context(), s)
		if err != nil {
			return err
		}
		defer d.close()
		return run(c.Context(), d, args)
	}
	return command
}

func auditList(a *app) *cobra.Command {
	output := choice{allowed: []string{"text", "json"}, value: "text"}
	command := &cobra.Command{
		Use:     "list [USER]",
		Short:   "List events, oldest first",
		Example: "  keytend audit list\n  keytend audit list alice --output json",
		Args:    cobra.MaximumNArgs(1),
	}
	output.addTo(command, "output", "o", "output format")
	return a.audited(command, func(ctx context.Context, d *desk, args []string) error {
		events, err := d.events(ctx, args)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(a.stdout)
		for _, e := range events {
			if output.value == "json" {
				err = errors.Join(err, json.NewEncoder(w).Encode(e))
			} else {
				_, _ = fmt.Fprintln(w, printable(eventLine(e)))
			}
		}
		return errors.Join(err, w.Flush())
	})
}

// events are all, or those about one user, in whatever account.
func (d *desk) events(ctx context.Context, args []string) ([]accesskey.Event, error) {
	events, err := d.Events(ctx, accesskey.Subject{})
	if err != nil || len(args) == 0 {
		return events, err
	}
	var out []accesskey.Event
	for _, e := range events {
		if strings.EqualFold(e.User, args[0]) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no event is about a user %s", args[0])
	}
	return out, nil
}

// eventLine is an event in one line.
func eventLine(e accesskey.Event) string {
	parts := []string{e.At.UTC().Format("2006-01-02T15:04:05Z"), e.Account, e.User, e.Who, e.What}
	for _, part := range []string{string(e.Key), e.Destination, bracketed(string(e.Why)), e.Note} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if e.Alert {
		parts = append(parts, "ALERT")
	}
	return strings.ReplaceAll(strings.Join(parts, "  "), "\n", "; ")
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

func auditVerify(a *app) *cobra.Command {
	var heads []string
	command := &cobra.Command{
		Use:   "verify",
		Short: "Find every event that was changed, removed or moved",
		Long: `Verify walks the whole chain, and compares every record with the last event about
it. It exits 3 where anything is not what it was. Without --head, a chain that
was cut off at its end can't be told from a whole one.`,
		Example: "  keytend audit head > head.json\n  keytend audit verify --head head.json",
		Args:    cobra.NoArgs,
	}
	command.Flags().StringArrayVar(&heads, "head", nil, "a head published before: `file` that audit head wrote, or SEQ:HASH")
	return a.audited(command, func(ctx context.Context, d *desk, _ []string) error {
		var marks []journal.Mark
		for _, h := range heads {
			mark, err := readMark(h)
			if err != nil {
				return usageError{command, err}
			}
			marks = append(marks, mark)
		}
		n, err := d.Verify(ctx, marks...)
		return a.verified(n, len(marks) > 0, err)
	})
}

func (a *app) verified(n int64, anchored bool, err error) error {
	var wrong *journal.Tampering
	if errors.As(err, &wrong) {
		_, _ = fmt.Fprintln(a.stdout, printable(err.Error()))
		return verdict{code: exitFindings, text: "the audit is not what it was", hint: "keep the file as evidence, and compare it with copies and with CloudTrail"}
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s in order.", count(int(n), "event"))
	if !anchored {
		text += " Whether events were cut off at the end can't be told without --head."
	}
	a.line(text)
	return nil
}

// readMark reads a head as `audit head` wrote it, or as SEQ:HASH.
func readMark(text string) (journal.Mark, error) {
	if seq, hash, found := strings.Cut(text, ":"); found {
		if n, err := strconv.ParseInt(seq, 10, 64); err == nil {
			return journal.Mark{Seq: n, Hash: hash}, nil
		}
	}
	body, err := os.ReadFile(text)
	if err != nil {
		return journal.Mark{}, fmt.Errorf("read head: %w", err)
	}
	var mark journal.Mark
	if err := json.Unmarshal(body, &mark); err != nil || mark.Hash == "" {
		return mark, fmt.Errorf("read head %s: not what `keytend audit head` writes", text)
	}
	return mark, nil
}

func auditExport(a *app) *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:   "export",
		Short: "Write the whole chain as lines of JSON",
		Long: `Export writes each entry with its hash, byte for byte as hashed, so that anybody
can verify the chain without keytend: {"hash": "…", "entry": {…}}.`,
		Example: "  keytend audit export --out audit.ndjson",
		Args:    cobra.NoArgs,
	}
	addOutFlag(command, &out)
	return a.audited(command, func(ctx context.Context, d *desk, _ []string) error {
		return a.writeOutput(out, func(w io.Writer) error { return d.Export(ctx, w) })
	})
}

func auditHead(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:     "head",
		Short:   "Print the head of the chain, to be published outside",
		Example: "  keytend audit head > head.json",
		Args:    cobra.NoArgs,
	}
	return a.audited(command, func(ctx context.Context, d *desk, _ []string) error {
		mark, err := d.Latest(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(a.stdout).Encode(mark)
	})
}
