package cloudapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func restarting(d elastic.Deployment) request {
	return request{
		method: http.MethodPost, path: []string{"deployments", d.Deployment, "elasticsearch", d.RefID, "_restart"},
		query: url.Values{"cancel_pending": {"false"}},
	}
}

// Restart describes Client.Restart.
func (restartCalls) Restart(d elastic.Deployment) change.Call { return restarting(d).describe() }

// restarts restarts deployments, and reads how their last plan ended.
type restarts struct{ trusts }

type restartCalls struct{}

// Restart sends POST …/_restart. It waits for no plan of others and cancels none.
func (c restarts) Restart(ctx context.Context, d elastic.Deployment) error {
	return c.do(ctx, restarting(d), nil)
}

// LatestPlan reads how the deployment's latest plan or restart went.
func (c restarts) LatestPlan(ctx context.Context, d elastic.Deployment) (last elastic.Attempt, pending bool, err error) {
	now, err := c.Trust(ctx, d)
	return now.Last, now.Pending, err
}
