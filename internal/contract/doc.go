// Package contract holds the bot and the stand-ins against descriptions that we did not write: Elastic's own Swagger
// and SDK for the platforms, go-elasticsearch's typed API and a real Elasticsearch, Slack's JavaScript packages. It
// has tests only, and a module of its own so that what they need stays out of the product's go.mod. `make contract`
// runs it.
package contract
