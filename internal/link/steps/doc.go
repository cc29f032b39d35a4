// Package steps is what writes: one file a step, each built from its arguments alone and able to undo itself.
package steps
