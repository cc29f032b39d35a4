package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"

// AdoptParams are the parameters of an adoption. The key's name and access can't be read from the local side.
type AdoptParams struct {
	Local   elastic.Ref    `json:"local"`
	Alias   string         `json:"alias"`
	Access  elastic.Access `json:"access"`
	KeyName string         `json:"key_name,omitempty"`
}
