package fault

import (
	"encoding/json"
	"net/http"
)

// Control answers other processes: POST, GET and DELETE /faults, GET and DELETE /log, GET /state.
type Control struct {
	Faults *Set
	Log    *Log
	State  func() any // what GET /state shows; no secrets
}

// Handler returns the control endpoint. It is for a loopback listener: it asks for no credentials.
//
//	POST   /faults  an Order or a list of them  → 201 {"ids":[…]}
//	GET    /faults  → the orders in force with their counts
//	DELETE /faults  all of them, or ?id=… (repeatable)
//	GET    /log     → the calls, oldest first; DELETE forgets them
//	GET    /state   → how the simulated world stands
func (c Control) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /faults", c.add)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, c.Faults.Orders()) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, r *http.Request) {
		c.Faults.Clear(r.URL.Query()["id"]...)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, c.Log.Calls()) })
	mux.HandleFunc("DELETE /log", func(w http.ResponseWriter, _ *http.Request) {
		c.Log.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, c.State()) })
	return mux
}

func (c Control) add(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := dec.Decode(&raw); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	orders, err := readOrders(raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var ids []string
	for _, o := range orders {
		id, err := c.Faults.Add(o)
		if err != nil {
			c.Faults.Clear(append(ids, "")...) // all or nothing; "" so that no ids do not mean all
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ids = append(ids, id)
	}
	writeJSON(w, http.StatusCreated, map[string][]string{"ids": ids})
}

func readOrders(raw json.RawMessage) ([]Order, error) {
	var one Order
	if len(raw) > 0 && raw[0] == '[' {
		var many []Order
		err := strict(raw, &many)
		return many, err
	}
	if err := strict(raw, &one); err != nil {
		return nil, err
	}
	return []Order{one}, nil
}
