package es

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// MissingPrivileges sends POST /_security/user/_has_privileges: which of these cluster privileges the configured
// credential lacks, sorted. It changes nothing, and everybody may ask about themselves.
func (c roles) MissingPrivileges(ctx context.Context, cluster []string) ([]string, error) {
	body, err := json.Marshal(map[string][]string{"cluster": cluster})
	if err != nil {
		return nil, fmt.Errorf("%s: writing the question: %w", c.system, err)
	}
	var answer struct {
		Cluster map[string]bool `json:"cluster"`
	}
	r := request{
		Request: esapi.SecurityHasPrivilegesRequest{Body: bytes.NewReader(body)},
		name:    "POST /_security/user/_has_privileges",
	}
	if _, err := c.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var missing []string
	for _, p := range cluster {
		if !answer.Cluster[p] {
			missing = append(missing, p)
		}
	}
	slices.Sort(missing)
	return missing, nil
}
