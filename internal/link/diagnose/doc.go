// Package diagnose says how connections are, why one does not work, and what would fix it.
package diagnose
