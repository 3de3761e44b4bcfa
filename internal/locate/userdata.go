package locate

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// instancesAtOnce is how many instances of a region are asked about at once: each
// is a call.
const instancesAtOnce = 4

func (h *hunt) instances(ctx context.Context, region string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(instancesAtOnce)
	for instance, err := range h.Session.Instances(ctx, region) {
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		group.Go(func() error { return h.instance(ctx, region, instance) })
	}
	return group.Wait()
}

func (h *hunt) instance(ctx context.Context, region string, i awsapi.Instance) error {
	text, err := h.Session.UserData(ctx, region, i.ID)
	if err != nil {
		return err
	}
	f := Find{Kind: InUserData, Region: region, Where: i.ID}
	if i.Name != "" {
		f.Note = "named " + i.Name
	}
	h.search(unpacked(text), f)
	return nil
}

func (h *hunt) templates(ctx context.Context, region string) error {
	for template, err := range h.Session.LaunchTemplates(ctx, region) {
		if err != nil {
			return err
		}
		for version, err := range h.Session.TemplateVersions(ctx, region, template.ID) {
			if err != nil {
				return err
			}
			f := Find{Kind: InTemplate, Region: region, Where: template.Name, Part: fmt.Sprintf("version %d", version.Number), ARN: template.ID}
			if version.Default {
				f.Note = "the default version"
			}
			h.search(unpacked(version.UserData), f)
		}
	}
	return nil
}

// maxUnpacked bounds user data that is compressed; EC2 takes 16 KB of it.
const maxUnpacked = 4 << 20

// unpacked is user data, or any text, as it was before it was compressed, as
// cloud-init and Helm take it.
func unpacked(text accesskey.Secret) accesskey.Secret {
	packed := text.Reveal()
	if !strings.HasPrefix(packed, "\x1f\x8b") {
		return text
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		return text
	}
	plain, _ := io.ReadAll(io.LimitReader(r, maxUnpacked)) // what could be unpacked counts
	return accesskey.NewSecret(string(plain))
}
