// The server of this page: what a person does goes there, and what there is to see comes from there.
import { change, store } from "./store.js";

/** post sends one thing and returns the answer, which carries error if it was refused. */
export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) return { error: (await answer.text()).trim() || answer.statusText };
    return await answer.json();
  } catch {
    return { error: "The playground does not answer. Is it still running in the terminal?" };
  }
}

let queue = Promise.resolve();

/** act does what the person does in the workspace, one thing after the other. Trouble is shown, and returned. */
export function act(doing) {
  const user = store.me;
  const done = queue.then(() => post("act", { user, ...doing }));
  queue = done;
  return done.then((outcome) => {
    if (outcome.error) notice(outcome.error);
    else if (outcome.problem && doing.do !== "suggest") notice(outcome.shown || outcome.problem);
    return outcome;
  });
}

let fading;

/** notice tells something that is nobody's message. */
export function notice(text) {
  const place = document.getElementById("notices");
  place.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => (place.textContent = ""), 8000);
}

let source;
const keep = 600; // calls

/** follow listens to what the person sees, from now on. */
export function follow(who) {
  source?.close();
  source = new EventSource(`events?as=${encodeURIComponent(who)}`);
  let first = true;
  const on = (name, take) => source.addEventListener(name, (event) => change((s) => take(s, JSON.parse(event.data))));
  source.addEventListener("open", () => {
    first = true;
    change((s) => (s.live = true));
  });
  source.addEventListener("error", () => change((s) => (s.live = false)));
  on("slack", (s, data) => (s.slack = data));
  on("world", (s, data) => (s.world = data));
  on("faults", (s, data) => (s.faults = data));
  on("calls", (s, data) => {
    s.calls = (first ? data : [...s.calls, ...data]).slice(-keep);
    first = false;
  });
}
