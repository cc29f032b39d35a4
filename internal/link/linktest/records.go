package linktest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// Records are n managed connections of an ECE "ece-prod" to an organization "elastic-cloud", five of each deployment, as
// change request would have left them at that time; U0ALICE asked for all of them.
func Records(from, n int, request string, at time.Time) ([]change.StoredRecord, error) {
	all := make([]change.StoredRecord, 0, n)
	for i := from; i < from+n; i++ {
		local, remote := i/5, (i/5+i%5)%max(1, n/5)
		m := link.ManagedConnection{
			Local:     elastic.Ref{Platform: "ece-prod", Deployment: fmt.Sprintf("%032x", local)},
			Remote:    elastic.Ref{Platform: "elastic-cloud", Deployment: fmt.Sprintf("%032x", 1<<20+remote)},
			Alias:     fmt.Sprintf("remote-%04d-%d", remote, i%5),
			LocalName: fmt.Sprintf("local-%04d", local), RemoteName: fmt.Sprintf("remote-%04d", remote),
			KeyName: fmt.Sprintf("rcb-prod-%032x-remote-%04d", local, remote),
			Access:  elastic.Access{Search: []string{"metrics-*", "logs-*"}},
			Settings: map[string]string{
				"mode": "proxy", "proxy_address": fmt.Sprintf("%032x.eu-west-1.aws.elastic-cloud.com:9443", remote),
				"server_name": fmt.Sprintf("%032x.eu-west-1.aws.elastic-cloud.com", remote), "skip_unavailable": "true",
			},
		}
		raw, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		all = append(all, change.StoredRecord{
			Key: inventory.RecordKey(m.Name()), Value: raw, Request: request, By: change.Actor{User: "U0ALICE", Team: "T0"}, At: at,
		})
	}
	return all, nil
}
