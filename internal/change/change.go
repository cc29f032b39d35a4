// Package change is what the bot does with any change: propose, decide, apply, undo. It knows neither what is
// changed (that is link) nor Slack, Redis or Elastic; it needs nothing but the standard library.
package change
