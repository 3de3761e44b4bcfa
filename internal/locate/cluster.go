package locate

import (
	"context"

	"github.com/keytend/keytend/internal/kubernetes"
)

// cluster looks at the Secrets and ConfigMaps of a cluster.
func (h *hunt) cluster(ctx context.Context, c *kubernetes.Cluster) error {
	for object, err := range c.Objects(ctx) {
		if err != nil {
			return err
		}
		for _, d := range object.Data {
			h.search(unpacked(d.Text), Find{
				Kind: InKubernetes, Where: object.Kind + " " + object.Namespace + "/" + object.Name, Part: d.Name, Note: "in cluster " + c.Name,
			})
		}
	}
	return nil
}
