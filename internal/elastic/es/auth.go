package es

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Auth is how a client says who it is. The zero value is nobody.
type Auth struct {
	headers  func() http.Header // a function, so that nothing prints them
	secrets  []secret.Secret
	user     string // empty: not known
	mayIssue bool   // a user or the platform: may issue cross-cluster keys
}

// Basic is a user of Elasticsearch.
func Basic(username string, password secret.Secret) Auth {
	pair := secret.New(base64.StdEncoding.EncodeToString([]byte(username + ":" + password.Reveal())))
	return Auth{
		headers:  func() http.Header { return http.Header{"Authorization": {"Basic " + pair.Reveal()}} },
		secrets:  []secret.Secret{password, pair},
		user:     username,
		mayIssue: true,
	}
}

// APIKey is an API key of Elasticsearch, encoded. Elasticsearch lets no API key issue cross-cluster keys.
func APIKey(key secret.Secret) Auth {
	return Auth{
		headers: func() http.Header { return http.Header{"Authorization": {"ApiKey " + key.Reveal()}} },
		secrets: []secret.Secret{key},
	}
}

// Proxy is an API key of an ECE, for requests that it hands through to a deployment
// (ECE's API: get-deployment-resource-proxy-requests).
func Proxy(key secret.Secret) Auth {
	return Auth{
		headers: func() http.Header {
			return http.Header{"Authorization": {"ApiKey " + key.Reveal()}, "X-Management-Request": {"true"}}
		},
		secrets:  []secret.Secret{key},
		mayIssue: true,
	}
}

// Credential opens Elasticsearch of the deployments that it matches: with a user, or with an API key.
type Credential struct {
	Deployment string // an id, or a pattern over ids
	Username   string
	Password   secret.Secret
	APIKey     secret.Secret // of Elasticsearch, encoded
}

// Credentials are tried in order.
type Credentials []Credential

// Check finds credentials that could never work.
func (all Credentials) Check() error {
	var errs []error
	for i, c := range all {
		user, key := c.Username != "" && !c.Password.Empty(), !c.APIKey.Empty()
		if user == key {
			errs = append(errs, fmt.Errorf("credential %d: either a user with a password or an API key is needed", i+1))
		}
		if _, err := path.Match(c.Deployment, ""); err != nil || c.Deployment == "" {
			errs = append(errs, fmt.Errorf("credential %d: %q is not a pattern", i+1, c.Deployment))
		}
	}
	return errors.Join(errs...)
}

// For returns the first that matches the deployment's id; elastic.ErrNoCredentials if none does. Names don't count: anybody
// who can create a deployment can give it another one's name, and would be given its password.
func (all Credentials) For(d elastic.Deployment) (Auth, error) {
	for _, c := range all {
		if !matches(c.Deployment, d.Deployment) {
			continue
		}
		if c.Username != "" {
			return Basic(c.Username, c.Password), nil
		}
		return APIKey(c.APIKey), nil
	}
	return Auth{}, fmt.Errorf("%s: %w", d.Name, elastic.ErrNoCredentials)
}

func matches(pattern, id string) bool {
	ok, err := path.Match(pattern, id)
	return pattern == id || ok && err == nil
}
