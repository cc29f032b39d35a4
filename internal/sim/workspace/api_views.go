package workspace

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"

// sentView reads the view argument.
func sentView(r *request) (object, *apiError) {
	raw, given, ok := r.json("view")
	sent, isObject := raw.(object)
	switch {
	case !given:
		return nil, fail("invalid_arguments", "[ERROR] missing required field: view")
	case !ok || !isObject:
		return nil, fail("invalid_arguments", "[ERROR] must provide an object [json-pointer:/view]")
	}
	return sent, nil
}

func viewsOpen(r *request) (object, *apiError) {
	t, sent, problem := triggered(r)
	if problem != nil {
		return nil, problem
	}
	t.used = true
	v := r.newView(sent, t.user)
	r.stacks[t.user] = []*view{v}
	return object{"view": r.viewPayload(v)}, nil
}

func viewsPush(r *request) (object, *apiError) {
	t, sent, problem := triggered(r)
	if problem != nil {
		return nil, problem
	}
	// "Push a view onto the stack of a root view": the trigger must come from an open modal.
	if !t.inModal || r.top(t.user) == nil {
		return nil, fail("invalid_trigger_id")
	}
	v, problem := r.pushView(sent, t.user)
	if problem != nil {
		return nil, problem
	}
	t.used = true
	return object{"view": r.viewPayload(v)}, nil
}

func triggered(r *request) (*trigger, object, *apiError) {
	sent, problem := sentView(r)
	if problem != nil {
		return nil, nil, problem
	}
	if r.str("trigger_id") == "" {
		return nil, nil, fail("invalid_arguments", "[ERROR] missing required field: trigger_id")
	}
	t, problem := r.trigger(r.str("trigger_id"))
	if problem != nil {
		return nil, nil, problem
	}
	return t, sent, r.checkView(sent, "modal", nil)
}

func viewsUpdate(r *request) (object, *apiError) {
	sent, problem := sentView(r)
	if problem != nil {
		return nil, problem
	}
	id, external := r.str("view_id"), r.str("external_id")
	if (id == "") == (external == "") {
		return nil, fail("invalid_arguments", "[ERROR] must provide either view_id or external_id")
	}
	v := r.findView(func(v *view) bool {
		return (id != "" && v.id == id) || (external != "" && field.Str(v.json, "external_id") == external)
	})
	if v == nil {
		return nil, fail("not_found")
	}
	if hash := r.str("hash"); hash != "" && hash != v.hash {
		return nil, fail("hash_conflict")
	}
	if problem := r.checkView(sent, field.Str(v.json, "type"), v); problem != nil {
		return nil, problem
	}
	r.fill(v, sent)
	return object{"view": r.viewPayload(v)}, nil
}

func viewsPublish(r *request) (object, *apiError) {
	sent, problem := sentView(r)
	if problem != nil {
		return nil, problem
	}
	p := r.person(r.str("user_id"))
	if p == nil || p.ID != r.str("user_id") {
		return nil, fail("invalid_arguments", "[ERROR] user_not_found [json-pointer:/user_id]")
	}
	v := r.homes[p.ID]
	if hash := r.str("hash"); hash != "" && (v == nil || hash != v.hash) {
		return nil, fail("hash_conflict")
	}
	if problem := r.checkView(sent, "home", v); problem != nil {
		return nil, problem
	}
	if v == nil {
		v = r.newView(sent, p.ID)
		r.homes[p.ID] = v
	} else {
		r.fill(v, sent)
	}
	return object{"view": r.viewPayload(v)}, nil
}
