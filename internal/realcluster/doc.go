// Package realcluster runs real, secured Elasticsearch clusters on loopback, for tests and for the playground.
//
// Nothing of Elasticsearch is in this repository, nor in what is built from it: the user's own Maven fetches it from
// Maven Central. Its security module (org.elasticsearch.plugin:x-pack-security and x-pack-core) is under the Elastic
// License 2.0.
//
// A node is a process of its own. It ends with the process that started it, however that one ends, and removes its
// directory.
package realcluster
