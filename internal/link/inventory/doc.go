// Package inventory reads what there is: deployments, connections, whom they trust, who uses what, and what nothing uses any more.
package inventory
