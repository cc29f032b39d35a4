package doctor

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

const reinstall = "in the app's settings, OAuth & Permissions, add them (or paste the output of `remote-cluster-bot manifest` again), then reinstall the app"

func (o Options) slack(ctx context.Context, a *area) {
	o.secretForms(a)
	self, err := o.Slack.Self(ctx)
	if e, refused := errors.AsType[*bot.Error](err); refused && e.Kind == bot.Auth {
		a.bad("token", "copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions into slack.bot_token", "Slack refuses the bot token: %s", e.Code)
		return
	}
	if err != nil {
		a.bad("reach", "let this host call https://slack.com/api/ (a proxy: HTTPS_PROXY), and check slack.api_url", "Slack can't be asked: %v", err)
		return
	}
	a.ok("token", "the bot token belongs to %s", self.UserID)
	o.team(a, self.Team)
	granted := o.scopes(ctx, a)
	o.channel(ctx, a, granted)
	if o.AppToken != nil {
		o.appToken(ctx, a)
	}
}

var (
	signingForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
	tokenForms  = map[string]string{"slack.bot_token": "xoxb-", "slack.app_token": "xapp-"}
)

// secretForms sees what was mixed up without asking anybody.
func (o Options) secretForms(a *area) {
	s := o.Config.Slack
	forms := map[string]config.SecretRef{"slack.bot_token": s.BotToken}
	if s.Mode == "socket" {
		forms["slack.app_token"] = s.AppToken
	}
	for name, ref := range forms {
		if begin := tokenForms[name]; !strings.HasPrefix(ref.Secret().Reveal(), begin) {
			a.bad("token form", "two tokens were mixed up: "+name+" is the one that begins with "+begin, "%s does not begin with %s", name, begin)
		}
	}
	if s.Mode != "http" {
		return
	}
	if !signingForm.MatchString(s.SigningSecret.Secret().Reveal()) {
		a.bad("signing secret", "copy Signing Secret from Basic Information, not the client secret or the verification token",
			"slack.signing_secret is not 32 hexadecimal digits, as Slack's are: every request would be refused")
		return
	}
	a.ok("signing secret", "the signing secret has the right form; only a request from Slack can prove it")
}

func (o Options) team(a *area, team string) {
	if served := o.Config.Slack.Teams; len(served) > 0 && !slices.Contains(served, team) {
		a.bad("teams", "add it to slack.teams", "the app is installed in %s, which is not one of the teams that are served", team)
	}
}

// withoutScope are the scopes that nothing but one feature needs, with what is lost without them.
var withoutScope = map[string]string{"files:write": "without it, map answers with a list and no picture"}

// scopes compares what was granted with what is needed; nil means that it is not known.
func (o Options) scopes(ctx context.Context, a *area) []string {
	granted, err := o.Slack.Granted(ctx)
	if err != nil || len(granted) == 0 {
		a.unknown("scopes", "compare them with `remote-cluster-bot manifest`", "Slack does not say which scopes the token has")
		return nil
	}
	var missing, lesser, spare []string
	for _, s := range bot.Scopes() {
		if slices.Contains(granted, s) {
			continue
		}
		if lost := withoutScope[s]; lost != "" {
			lesser = append(lesser, s+" ("+lost+")")
			continue
		}
		missing = append(missing, s)
	}
	for _, s := range granted {
		if !slices.Contains(bot.Scopes(), s) {
			spare = append(spare, s)
		}
	}
	if len(missing) > 0 {
		a.bad("scopes", reinstall, "the token lacks %s", strings.Join(missing, ", "))
	}
	if len(lesser) > 0 {
		a.warn("scopes", reinstall, "the token lacks %s", strings.Join(lesser, ", "))
	}
	if len(spare) > 0 {
		a.warn("scopes", "remove them: what the bot can't do, nobody can make it do", "the token has more than it needs: %s", strings.Join(spare, ", "))
	}
	if len(missing)+len(lesser)+len(spare) == 0 {
		a.ok("scopes", "the token has exactly the scopes that it needs")
	}
	return granted
}

// channel reads the latest messages of the channel and looks at none: Slack lets only members do that.
func (o Options) channel(ctx context.Context, a *area, granted []string) {
	const check = "channel"
	id := o.Config.Slack.Channel
	if granted != nil && !slices.Contains(granted, "channels:history") && !slices.Contains(granted, "groups:history") {
		a.unknown(check, reinstall, "without a history scope it can't be seen whether the bot is in %s", id)
		return
	}
	_, _, err := o.Slack.FindPosted(ctx, id, "", o.Now(), time.Time{}, func(bot.Metadata) bool { return false })
	e, failed := errors.AsType[*bot.Error](err)
	switch {
	case err == nil:
		a.ok(check, "the bot is in %s", id)
	case !failed:
		a.unknown(check, "", "could not look: %v", err)
	case e.Code == "not_in_channel":
		a.bad(check, "type /invite @<the app> in the channel", "the bot is not in %s, so it can't post requests there", id)
	case e.Code == "channel_not_found":
		a.bad(check, "slack.channel is the id at the bottom of the channel's details; a private channel has to invite the bot first", "there is no channel %s that the bot can see", id)
	case e.Kind == bot.Scope:
		a.unknown(check, reinstall, "it can't be seen whether the bot is in %s: the token lacks %s", id, e.Needed)
	default:
		a.unknown(check, "", "could not look: %v", err)
	}
}

func (o Options) appToken(ctx context.Context, a *area) {
	if err := o.AppToken(ctx); err != nil {
		a.bad("app token", "make an app-level token with connections:write under Basic Information, and switch Socket Mode on", "Slack opens no socket with slack.app_token: %v", err)
		return
	}
	a.ok("app token", "the app-level token opens Socket Mode")
}
