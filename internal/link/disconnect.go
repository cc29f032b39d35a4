package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"

// DisconnectParams are the parameters of a disconnect.
type DisconnectParams struct {
	Local elastic.Ref `json:"local"`
	Alias string      `json:"alias"`
}
