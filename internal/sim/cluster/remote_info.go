package cluster

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"

// getRemoteInfo answers GET /_remote/info: how the connections stand now. It does not probe.
func getRemoteInfo(q *request) (any, *rest.Error) {
	out := map[string]any{}
	for _, alias := range q.c.connections.remotes() {
		out[alias] = q.c.connections.info(alias)
	}
	return out, nil
}

func (n *connections) info(alias string) map[string]any {
	r, l := n.remote(alias), n.links[alias]
	if l == nil { // the cluster does not run
		l = &link{skip: r.skip}
	}
	out := map[string]any{
		"connected": l.connected(), "mode": r.mode, "skip_unavailable": l.skip, "initial_connect_timeout": "30s",
	}
	if r.mode == "proxy" {
		out["proxy_address"], out["server_name"] = r.address, r.serverName
		out["num_proxy_sockets_connected"], out["max_proxy_socket_connections"] = l.sockets, r.sockets
	} else {
		out["seeds"], out["num_nodes_connected"], out["max_connections_per_cluster"] = r.seeds, l.sockets, 3
	}
	if r.keyModel {
		out["cluster_credentials"] = "::es_redacted::"
	}
	return out
}
