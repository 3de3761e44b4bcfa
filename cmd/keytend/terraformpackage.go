package main

import (
	"archive/zip"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func terraformPackage(a *app) *cobra.Command {
	binary, out := "", "keytend-lambda.zip"
	command := &cobra.Command{
		Use:   "package",
		Short: "Make the zip that the rotation function is made from",
		Long: `Package puts a keytend binary for Linux into the zip that AWS Lambda takes, and
says which architecture it is for. On Linux the running binary will do; elsewhere
build one (see the examples) and name it by --binary.

The same binary makes the same zip, byte for byte, so that Terraform sees no
change where there is none.`,
		Example: `  keytend terraform package
  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bootstrap ./cmd/keytend
  keytend terraform package --binary bootstrap --out out/keytend-lambda.zip`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path := binary
			if path == "" {
				var err error
				if path, err = os.Executable(); err != nil {
					return err
				}
			}
			return a.packFunction(path, out)
		},
	}
	command.Flags().StringVar(&binary, "binary", "", "the binary `file` for Linux (default: the one that runs)")
	command.Flags().StringVar(&out, "out", out, "the zip `file` to write")
	return command
}

func (a *app) packFunction(binary, out string) error {
	architecture, err := lambdaArchitecture(binary)
	if err != nil {
		return hinted{fmt.Errorf("package %s: %w", binary, err),
			"build one: GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bootstrap ./cmd/keytend"}
	}
	from, err := os.Open(binary)
	if err != nil {
		return fmt.Errorf("package: %w", err)
	}
	defer func() { _ = from.Close() }() // was only read
	err = a.writeOutputFor(out, 0o644, func(w io.Writer) error { return zipBootstrap(w, from) })
	if err != nil {
		return err
	}
	a.line(fmt.Sprintf("Wrote %s: runtime provided.al2023, handler bootstrap, architecture %s.", out, architecture))
	return nil
}

// lambdaArchitecture is Lambda's word for what a binary runs on.
func lambdaArchitecture(binary string) (string, error) {
	f, err := elf.Open(binary)
	if err != nil {
		var format *elf.FormatError
		if errors.As(err, &format) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "", errors.New("no binary for Linux; AWS Lambda runs nothing else")
		}
		return "", err
	}
	defer func() { _ = f.Close() }() // was only read
	name := map[elf.Machine]string{elf.EM_AARCH64: "arm64", elf.EM_X86_64: "x86_64"}[f.Machine]
	if name == "" {
		return "", fmt.Errorf("a binary for %s; AWS Lambda runs arm64 and x86_64", cmp.Or(f.Machine.String(), "nothing known"))
	}
	return name, nil
}

// zipBootstrap writes the zip: one executable called bootstrap, as old as zips
// can be.
func zipBootstrap(w io.Writer, binary io.Reader) error {
	archive := zip.NewWriter(w)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, binary); err != nil {
		return err
	}
	return archive.Close()
}
