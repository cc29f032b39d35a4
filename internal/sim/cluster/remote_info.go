package cluster

// getRemoteInfo answers GET /_remote/info: how the connections stand now. It does not probe.
func getRemoteInfo(q *request) (any, *esError) {
	out := map[string]any{}
	for _, alias := range q.c.remotes() {
		out[alias] = q.c.info(alias)
	}
	return out, nil
}

func (c *Cluster) info(alias string) map[string]any {
	r, l := c.remote(alias), c.links[alias]
	connected := l != nil && l.connected
	open := func(most int) int {
		if connected {
			return most
		}
		return 0
	}
	out := map[string]any{
		"connected": connected, "mode": r.mode, "skip_unavailable": r.skip, "initial_connect_timeout": "30s",
	}
	if r.mode == "proxy" {
		out["proxy_address"], out["server_name"] = r.address, r.serverName
		out["num_proxy_sockets_connected"], out["max_proxy_socket_connections"] = open(r.sockets), r.sockets
	} else {
		out["seeds"], out["num_nodes_connected"], out["max_connections_per_cluster"] = r.seeds, open(3), 3
	}
	if r.keyModel {
		out["cluster_credentials"] = "::es_redacted::"
	}
	return out
}
