package bot

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/slack-go/slack"
)

// Check asks Slack whether the app-level token opens Socket Mode (apps.connections.open). The address that comes back
// is thrown away unused. The error holds no token.
func (o SocketOptions) Check(ctx context.Context) error {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	s := NewSocketSource(nil, o)
	api := slack.New("", slack.OptionAppLevelToken(s.o.AppToken()), slack.OptionAPIURL(s.o.APIURL),
		slack.OptionHTTPClient(s.o.HTTP), slack.OptionLog(silence{}))
	if _, _, err := api.StartSocketModeContext(ctx); err != nil {
		return fmt.Errorf("opening a socket: %s", scrubbed(err))
	}
	return nil
}
