package locate

import (
	"context"
	"iter"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
)

func (h *hunt) functions(ctx context.Context, region string) error {
	return h.workloads(InFunction, region, h.Session.Functions(ctx, region))
}

func (h *hunt) containers(ctx context.Context, region string) error {
	return h.workloads(InContainer, region, h.Session.Containers(ctx, region))
}

func (h *hunt) builds(ctx context.Context, region string) error {
	return h.workloads(InBuild, region, h.Session.Projects(ctx, region))
}

// workloads looks at the settings of each, and notes what they refer to.
func (h *hunt) workloads(kind Kind, region string, all iter.Seq2[awsapi.Workload, error]) error {
	for w, err := range all {
		if err != nil {
			return err
		}
		f := Find{Kind: kind, Region: region, Where: w.Name, ARN: w.ARN, Published: w.Published}
		if len(w.UsedBy) > 0 {
			f.Note = "run by " + strings.Join(w.UsedBy, ", ")
		}
		for _, setting := range w.Settings {
			f.Part = setting.Name
			h.search(setting.Text, f)
		}
		if w.Unread != "" {
			h.gap(Gap{Where: f.Place(), Why: w.Unread, Hint: "it needs kms:Decrypt with the function's key"})
		}
		h.refers(f, w.References)
	}
	return nil
}

// reference is a variable whose value is kept in a store.
type reference struct {
	by     string
	store  Kind
	region string
	to     string
}

func (h *hunt) refers(f Find, references []awsapi.Reference) {
	for _, r := range references {
		f.Part = r.Name
		if r.Store == "s3" {
			h.gap(Gap{Where: "variables of " + f.Place(), Why: "they are in " + r.To + ", which is not read", Hint: "fetch it and look with --dir", Chosen: true})
			continue
		}
		h.lock.Lock()
		h.references = append(h.references, reference{f.Place(), Kind(r.Store), f.Region, r.To})
		h.lock.Unlock()
	}
}

// join tells of each secret and parameter with a key who reads it.
func (h *hunt) join() {
	for i := range h.found.Finds {
		f := &h.found.Finds[i]
		for _, r := range h.references {
			if r.store == f.Kind && r.means(*f) {
				f.ReadBy = append(f.ReadBy, r.by)
			}
		}
	}
}

// means reports whether the reference is to a secret or a parameter.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
// https://docs.aws.amazon.com/codebuild/latest/APIReference/API_EnvironmentVariable.html
func (r reference) means(f Find) bool {
	part := strings.Split(r.to, ":")
	if part[0] != "arn" || len(part) < 6 {
		return r.region == f.Region && strings.TrimPrefix(part[0], "/") == strings.TrimPrefix(f.Where, "/")
	}
	if f.Kind == InParameter {
		_, name, _ := strings.Cut(part[5], "/")
		return part[3] == f.Region && name == strings.TrimPrefix(f.Where, "/")
	}
	arn := strings.Join(part[:min(len(part), 7)], ":") // behind it: field, stage, version
	return arn == f.ARN || strings.HasPrefix(f.ARN, arn+"-")
}
