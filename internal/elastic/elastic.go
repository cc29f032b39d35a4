// Package elastic is what Elastic's platforms and clusters can do, as types and interfaces without I/O. The packages
// below it implement them; internal/link plans and acts with them.
package elastic
