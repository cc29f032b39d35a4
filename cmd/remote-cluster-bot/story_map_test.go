package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// picture looks at the newest picture in somebody's direct messages: it has the colors of the states that are named, and
// nobody else sees it.
func (s *story) picture(args []string) error {
	w, file := s.Slack.State(), ""
	for _, m := range w.DM(args[0]) {
		for _, b := range field.Objects(m.Blocks) {
			if shown := field.Obj(b, "slack_file"); shown != nil {
				file = field.Str(shown, "id")
			}
		}
	}
	one, there := s.Slack.File(file)
	if !there {
		return errors.New("no direct message shows a picture")
	}
	drawn, err := png.Decode(bytes.NewReader(one.Content))
	if err != nil {
		return err
	}
	colors := map[string]bool{}
	for x := range drawn.Bounds().Dx() {
		for y := range drawn.Bounds().Dy() {
			r, g, b, _ := drawn.At(x, y).RGBA()
			colors[fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)] = true
		}
	}
	for _, state := range args[1:] {
		if !colors[export.Color(diagnose.State(state))] {
			return fmt.Errorf("nothing in the picture is %s", state)
		}
	}
	for _, p := range w.Users {
		if p.Handle != args[0] && !p.Bot && w.MaySee(p.ID, file) {
			return fmt.Errorf("%s sees it too", p.Handle)
		}
	}
	return nil
}
