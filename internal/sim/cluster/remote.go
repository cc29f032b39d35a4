package cluster

import (
	"net"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// remote is what the settings say about an alias.
type remote struct {
	alias, mode, address, serverName string
	seeds                            []string
	sockets                          int
	skip                             bool
	keyModel                         bool
	credentials                      string
	certificate, key                 string // what requests are signed with
}

// readRemote reads what the settings and the keystore say about an alias.
func readRemote(s *settings, k *keystore, alias string) remote {
	all := s.all()
	text := func(name string) string {
		s, _ := all["cluster.remote."+alias+"."+name].(string)
		return s
	}
	r := remote{
		alias: alias, mode: strings.ToLower(mode(all, alias)), address: text("proxy_address"), serverName: text("server_name"),
		sockets: 18, skip: s.version.Has(rest.SkipsByDefault), certificate: text("signing.certificate"), key: text("signing.key"),
	}
	if list, ok := all["cluster.remote."+alias+".seeds"].([]string); ok {
		r.seeds = list
	} else if seeds := text("seeds"); seeds != "" {
		r.seeds = strings.Split(seeds, ",")
	}
	if n, err := strconv.Atoi(text("proxy_socket_connections")); err == nil {
		r.sockets = n
	}
	if skip := text("skip_unavailable"); skip != "" {
		r.skip = skip == "true"
	}
	r.credentials, r.keyModel = k.credentials(alias)
	return r
}

func splitAddress(address string) (host string, port int) {
	h, p, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0
	}
	n, err := strconv.Atoi(p)
	if err != nil {
		return h, 0
	}
	return h, n
}
