package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linuxBinary is a file that is known for a binary of that machine.
func linuxBinary(t *testing.T, machine elf.Machine) string {
	t.Helper()
	var b bytes.Buffer
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56, Shentsize: 64,
	}
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheFunctionsZip(t *testing.T) {
	var said strings.Builder
	a := &app{stdout: &said}
	from, first, second := linuxBinary(t, elf.EM_AARCH64), filepath.Join(t.TempDir(), "1.zip"), filepath.Join(t.TempDir(), "2.zip")
	for _, out := range []string{first, second} {
		if err := a.packFunction(from, out); err != nil {
			t.Fatal(err)
		}
	}
	one, _ := os.ReadFile(first)
	two, _ := os.ReadFile(second)
	if !bytes.Equal(one, two) || len(one) == 0 {
		t.Error("the same binary makes another zip")
	}
	if !strings.Contains(said.String(), "architecture arm64") {
		t.Errorf("said %q", said.String())
	}
	archive, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil || len(archive.File) != 1 {
		t.Fatalf("%d files, %v", len(archive.File), err)
	}
	entry := archive.File[0]
	content, err := entry.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(content)
	want, _ := os.ReadFile(from)
	if entry.Name != "bootstrap" || entry.Mode().Perm() != 0o755 || !bytes.Equal(got, want) {
		t.Errorf("%s, %s, %d bytes", entry.Name, entry.Mode(), len(got))
	}
}

func TestOtherBinariesAreRefused(t *testing.T) {
	a := &app{stdout: io.Discard}
	for _, path := range []string{linuxBinary(t, elf.EM_RISCV), filepath.Join("testdata", "script", "terraform.txtar"), "nowhere"} {
		out := filepath.Join(t.TempDir(), "out.zip")
		if err := a.packFunction(path, out); err == nil {
			t.Errorf("%s was packed", path)
		}
		if there(out) {
			t.Errorf("%s: there is a zip nevertheless", path)
		}
	}
}
