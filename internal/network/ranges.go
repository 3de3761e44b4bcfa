package network

import (
	"bufio"
	_ "embed" // the tables
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Ranges are published ranges of addresses. The most particular one counts.
type Ranges struct {
	rows map[netip.Prefix]Name
	bits []int // of the prefixes there are, the longest first
	aws  string
}

//go:embed ranges.txt
var published string

// Published are the ranges that come with the program: AWS's of a /16 and more,
// which are nearly all of its IPv4 addresses, and those of CI services.
func Published() *Ranges {
	r := &Ranges{}
	if err := r.readTable(published); err != nil {
		panic("network: ranges.txt: " + err.Error()) // it is part of the program, and tested
	}
	return r
}

// readTable reads lines of "kind who prefix..."; a line "source TEXT" says where
// what follows is from.
func (r *Ranges) readTable(text string) error {
	source := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		kind, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch kind {
		case "", "#":
			continue
		case "source":
			source = rest
			continue
		}
		who, prefixes, _ := strings.Cut(rest, " ")
		if err := r.addAll(Name{Kind: Kind(kind), Who: who, Source: source}, strings.Fields(prefixes)); err != nil {
			return err
		}
		if Kind(kind) == AWS {
			r.aws = source
		}
	}
	return lines.Err()
}

func (r *Ranges) addAll(name Name, prefixes []string) error {
	for _, text := range prefixes {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return err
		}
		r.add(prefix.Masked(), name)
	}
	return nil
}

func (r *Ranges) add(prefix netip.Prefix, name Name) {
	if r.rows == nil {
		r.rows = map[netip.Prefix]Name{}
	}
	r.rows[prefix] = name
	for i, bits := range r.bits {
		if bits == prefix.Bits() {
			return
		}
		if bits < prefix.Bits() {
			r.bits = append(r.bits[:i], append([]int{prefix.Bits()}, r.bits[i:]...)...)
			return
		}
	}
	r.bits = append(r.bits, prefix.Bits())
}

func (r *Ranges) find(addr netip.Addr) (Name, bool) {
	if r == nil {
		return Name{}, false
	}
	for _, bits := range r.bits {
		if prefix, err := addr.Prefix(bits); err == nil {
			if name, known := r.rows[prefix]; known {
				return name, true
			}
		}
	}
	return Name{}, false
}

// Refresh takes a newer publication in the place of what came with the program:
// AWS's ip-ranges.json, or GitHub's answer of api.github.com/meta, whose
// "actions" are its runners. label says where it was read from.
// https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html
// https://docs.github.com/en/rest/meta/meta
func (r *Ranges) Refresh(label string, in io.Reader) error {
	var doc publication
	if err := json.NewDecoder(in).Decode(&doc); err != nil {
		return fmt.Errorf("read ranges of %s: %w", label, err)
	}
	switch {
	case len(doc.Prefixes) > 0:
		return r.refreshAWS(label, doc)
	case len(doc.Actions) > 0:
		r.drop(func(n Name) bool { return n.Who == "GitHub" })
		return r.addAll(Name{Kind: Runner, Who: "GitHub", Source: label}, doc.Actions)
	}
	return fmt.Errorf("read ranges of %s: %w", label, errors.New("neither AWS's ip-ranges.json (prefixes) nor GitHub's meta (actions)"))
}

type publication struct {
	CreateDate string
	Prefixes   []struct {
		IPPrefix string `json:"ip_prefix"`
		Region   string
		Service  string
	}
	IPv6Prefixes []struct {
		IPv6Prefix string `json:"ipv6_prefix"`
		Region     string
		Service    string
	} `json:"ipv6_prefixes"`
	Actions []string
}

// refreshAWS: a prefix is listed once for AMAZON and again for the service that
// has it, which tells more.
func (r *Ranges) refreshAWS(label string, doc publication) error {
	r.drop(func(n Name) bool { return n.Kind == AWS })
	r.aws = strings.TrimSpace(label + " " + doc.CreateDate)
	take := func(text, region, service string) error {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("read ranges of %s: %w", label, err)
		}
		prefix = prefix.Masked()
		if had, there := r.rows[prefix]; there && (service == "AMAZON" || had.Kind == Runner) {
			return nil
		}
		r.add(prefix, Name{Kind: AWS, Region: region, Service: service, Source: r.aws})
		return nil
	}
	for _, p := range doc.Prefixes {
		if err := take(p.IPPrefix, p.Region, p.Service); err != nil {
			return err
		}
	}
	for _, p := range doc.IPv6Prefixes {
		if err := take(p.IPv6Prefix, p.Region, p.Service); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ranges) drop(gone func(Name) bool) {
	for prefix, name := range r.rows {
		if gone(name) {
			delete(r.rows, prefix)
		}
	}
}
