package workspace

import (
	"cmp"
	"strings"
)

func authTest(r *request) (object, *apiError) {
	return object{
		"url": "https://" + r.opts.TeamDomain + ".slack.com/", "team": r.opts.TeamName, "user": r.app.Name,
		"team_id": r.opts.TeamID, "user_id": r.app.BotUserID, "bot_id": r.app.BotID, "is_enterprise_install": false,
	}, nil
}

func botsInfo(r *request) (object, *apiError) {
	if bot := r.str("bot"); bot != "" && bot != r.app.BotID {
		return nil, fail("bot_not_found")
	}
	return object{"bot": object{
		"id": r.app.BotID, "deleted": false, "name": r.app.Name, "app_id": r.app.ID, "user_id": r.app.BotUserID,
	}}, nil
}

func (p *Person) payload(teamID string) object {
	teamID = cmp.Or(p.Team, teamID)
	return object{
		"is_restricted": p.Guest, "is_ultra_restricted": false, "is_stranger": false,
		"id": p.ID, "team_id": teamID, "name": p.Handle, "deleted": p.Deleted, "real_name": p.Name,
		"is_bot": p.Bot, "is_app_user": false, "tz": "Etc/UTC", "tz_offset": 0, "updated": 0,
		"profile": object{"real_name": p.Name, "display_name": p.Handle, "team": teamID},
	}
}

func usersInfo(r *request) (object, *apiError) {
	name := r.str("user")
	p := r.person(name)
	if p == nil || p.ID != name {
		return nil, fail("user_not_found")
	}
	return object{"user": p.payload(r.opts.TeamID)}, nil
}

func usersList(r *request) (object, *apiError) {
	page, next := r.page(len(r.people), 1000)
	members := make([]any, 0, len(r.people))
	for _, p := range r.people[page.from:page.to] {
		members = append(members, p.payload(r.opts.TeamID))
	}
	return object{"members": members, "cache_ts": r.opts.Now().Unix(), "response_metadata": object{"next_cursor": next}}, nil
}

func usergroupsList(r *request) (object, *apiError) {
	groups := []any{}
	for _, g := range r.groups {
		if g.Disabled && !r.bool("include_disabled") {
			continue
		}
		o := object{
			"id": g.ID, "team_id": r.opts.TeamID, "is_usergroup": true, "name": g.Name, "handle": g.Handle,
			"description": "", "is_external": false, "date_create": 0, "date_update": 0, "date_delete": 0,
			"user_count": len(g.Members),
		}
		if r.bool("include_users") {
			o["users"] = g.Members
		}
		groups = append(groups, o)
	}
	return object{"usergroups": groups}, nil
}

func usergroupsUsersList(r *request) (object, *apiError) {
	for _, g := range r.groups {
		if g.ID == strings.TrimSpace(r.str("usergroup")) && (!g.Disabled || r.bool("include_disabled")) {
			return object{"users": g.Members}, nil
		}
	}
	return nil, fail("no_such_subteam")
}

func connectionsOpen(r *request) (object, *apiError) {
	if !r.app.SocketMode {
		return nil, fail("socket_mode_not_enabled")
	}
	ticket := r.newID("ticket")
	r.sockets.Authorize(ticket)
	return object{"url": "ws" + r.public()[len("http"):] + "/link?ticket=" + ticket + "&app_id=" + r.app.ID}, nil
}
