package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/migrate"
	"github.com/keytend/keytend/internal/terraform"
)

// versionsFile says which provider all files of a folder need.
const versionsFile = "versions.tf"

// files writes a file for each workload, and one for all.
func (m *migration) files(w *way) error {
	if err := w.ready(); err != nil {
		return err
	}
	texts := map[string]string{versionsFile: migrate.Versions()}
	for _, p := range w.plans {
		if p.Ready() {
			maps.Copy(texts, p.Files())
		}
	}
	if theirs, err := os.ReadFile(filepath.Join(m.dir, versionsFile)); err == nil && string(theirs) != texts[versionsFile] {
		delete(texts, versionsFile) // it may hold a backend
		m.app.say(fmt.Errorf("%s was there and stays as it is: the Terraform needs hashicorp/aws 5.81 or newer", filepath.Join(m.dir, versionsFile)))
	}
	for name, text := range texts {
		if err := m.keeps(filepath.Join(m.dir, name), text); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(m.dir, 0o750); err != nil {
		return fmt.Errorf("write Terraform: %w", err)
	}
	for name, text := range texts {
		if err := replaceFile(filepath.Join(m.dir, name), 0o644, func(out io.Writer) error { return printed(out, text) }); err != nil {
			return fmt.Errorf("write Terraform: %w", err)
		}
	}
	return nil
}

// oneFile writes all of it into the file that was asked for, or prints it.
func (m *migration) oneFile(w *way) error {
	text, err := w.terraform()
	if err != nil {
		return err
	}
	if err := m.keeps(m.read.out, text); err != nil {
		return err
	}
	return m.app.writeOutput(m.read.out, func(out io.Writer) error { return printed(out, text) })
}

// keeps refuses to write over a file what would lose something that stands there, and
// make Terraform take it away.
func (m *migration) keeps(path, text string) error {
	info, err := os.Stat(path)
	if path == "" || path == "-" || errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	had, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write Terraform: %w", err)
	}
	dropped, err := dropped(had, text)
	switch {
	case err != nil:
		return usageError{m.command, fmt.Errorf("%s is there, and is %w: name another file", path, err)}
	case len(dropped) > 0:
		return usageError{m.command, fmt.Errorf("%s has what would not be written again, and what Terraform made by it would be taken away: %s. Take that out of the file where it may go, or name another file; a folder (--dir) holds many users' files, and what they have in common", path, strings.Join(dropped, ", "))}
	}
	return nil
}

// dropped are the parts of a file that a text hasn't, by the same names.
func dropped(had []byte, text string) ([]string, error) {
	old, err := terraform.Parts(bytes.TrimPrefix(had, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, err
	}
	kept, err := terraform.Parts([]byte(text))
	var lost []string
	all := slices.Concat(old, kept)
	for _, p := range old {
		if !slices.Contains(kept, p) && !ofRights(p.Address, all) {
			lost = append(lost, inLine(p.String()))
		}
	}
	return lost, err
}

var (
	policyPart = regexp.MustCompile(`^(?:data\.aws_iam_policy_document\.(?:trust_)?|aws_iam_policy\.|aws_iam_role_policy_attachment\.)(\w+?)(?:_\d+)?$`)
	outputPart = regexp.MustCompile(`^output\.(\w+)_(?:arn|external_id|instance_profile|trust_anchor_arn|profile_arn)$`)
)

// ofRights: the part is of what we write with a role. Its policies and outputs come and
// go with its rights, and are no loss; where the role goes too, that says enough.
func ofRights(address string, all []terraform.Part) bool {
	of := func(form *regexp.Regexp) bool {
		m := form.FindStringSubmatch(address)
		return m != nil && slices.ContainsFunc(all, func(p terraform.Part) bool {
			return p.Address == "aws_iam_role."+m[1] || p.Address == "aws_ssoadmin_permission_set."+m[1]
		})
	}
	return of(policyPart) || of(outputPart)
}

var writtenExternalID = regexp.MustCompile(`variable\s*=\s*"sts:ExternalId"\s+values\s*=\s*\["([\w+=,.@:/-]+)"\]`)

// externalID is what the third party was told before, where the role's file is written
// anew; else a new one.
func (m *migration) externalID(role string) string {
	var path string
	switch {
	case m.dir != "":
		path = filepath.Join(m.dir, role+".tf")
	case m.read.output.value == "terraform":
		path = m.read.out
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		text, err := os.ReadFile(path)
		if found := writtenExternalID.FindSubmatch(text); err == nil && found != nil {
			return string(found[1])
		}
	}
	return randomWord(32)
}
