// Package plan works out the steps of a change: one planner a kind.
package plan
