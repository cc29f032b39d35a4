package platform

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
)

// secretName is what Elasticsearch takes as a name in its keystore.
var secretName = regexp.MustCompile(`^[A-Za-z0-9_\-.]+$`)

func getKeystore(c *call) (int, any, *apiError) {
	d, bad := c.resource()
	if bad != nil {
		return 0, nil, bad
	}
	return http.StatusOK, keystoreOf(d), nil
}

// keystoreOf is the keystore as it is shown: names, never values.
func keystoreOf(d *Deployment) map[string]any {
	secrets := map[string]any{}
	for _, name := range d.cluster.SecretNames() {
		secrets[name] = map[string]any{"as_file": d.asFile[name]}
	}
	return map[string]any{"secrets": secrets}
}

// setKeystore answers PATCH …/keystore. It merges: names that are not mentioned stay. A secret without a value, or
// null, is removed; one with an empty value stays, as was reported in github.com/elastic/terraform-provider-ec/issues/541
// and /888. The change makes no plan and says nothing about when the nodes have it.
func setKeystore(c *call) (int, any, *apiError) {
	d, bad := c.resource()
	if bad != nil {
		return 0, nil, bad
	}
	var in struct {
		Secrets map[string]*struct {
			Value  any   `json:"value"`
			AsFile *bool `json:"as_file"`
		} `json:"secrets"`
	}
	if err := decodeInto(c.raw, &in); err != nil {
		return 0, nil, invalid([]string{"secrets: " + err.Error()})
	}
	change := map[string]*string{}
	for _, name := range slices.Sorted(maps.Keys(in.Secrets)) {
		if !secretName.MatchString(name) {
			return 0, nil, invalid([]string{"secrets." + name + ": the name holds characters that Elasticsearch does not take"})
		}
		s := in.Secrets[name]
		if s == nil || s.Value == nil {
			change[name] = nil
			continue
		}
		switch v := s.Value.(type) {
		case string:
			change[name] = &v
			d.asFile[name] = s.AsFile != nil && *s.AsFile
		case map[string]any:
			raw, err := json.Marshal(v)
			if err != nil {
				return 0, nil, invalid([]string{"secrets." + name + ": " + err.Error()})
			}
			text := string(raw)
			change[name] = &text
			d.asFile[name] = s.AsFile == nil || *s.AsFile
		default:
			return 0, nil, invalid([]string{"secrets." + name + ".value: must be a string or an object"})
		}
	}
	d.cluster.PatchKeystore(change)
	d.changed()
	return http.StatusOK, keystoreOf(d), nil
}
