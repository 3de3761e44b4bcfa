package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/network"
)

// readRanges is what is published about addresses: what comes with the program,
// and what somebody names, a file or an address.
func (a *app) readRanges(ctx context.Context, names []string) (*network.Ranges, error) {
	ranges := network.Published()
	for _, name := range names {
		in, err := a.openRanges(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read ranges of addresses: %w", err)
		}
		err = ranges.Refresh(name, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return nil, hinted{err, "name https://ip-ranges.amazonaws.com/ip-ranges.json or https://api.github.com/meta, or a file with what they say"}
		}
	}
	return ranges, nil
}

// rangesWithin is how long an address may take to tell its ranges.
const rangesWithin = 30 * time.Second

func (a *app) openRanges(ctx context.Context, name string) (io.ReadCloser, error) {
	if !strings.HasPrefix(name, "https://") {
		return os.Open(name)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: rangesWithin}
	if a.client != nil {
		client.Transport = a.client.Transport
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answers %s", name, answer.Status), answer.Body.Close())
	}
	return answer.Body, nil
}
