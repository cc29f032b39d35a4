// The calls to Elastic's APIs and to Slack, as they happened, without secrets.
import { freshID, h, keep } from "./dom.js";
import { store } from "./store.js";

const list = h("ol", { class: "calls", "aria-label": "API calls, newest first" });
const none = h("p", { class: "none" }, "No calls yet.");
const which = { reads: check("reading calls", true), slack: check("calls to Slack", false) };
const most = 150; // lines to draw

function check(words, on) {
  const id = freshID("show");
  const box = h("input", { id, type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => drawCalls());
  return { box, node: h("label", { for: id }, box, ` ${words}`) };
}

/** mountCalls puts the list into a place. */
export function mountCalls(place) {
  place.append(h("p", { class: "filters" }, "Show ", which.reads.node, which.slack.node), none, list);
}

export function drawCalls() {
  if (list.closest("[hidden]")) return;
  const numbered = store.calls.map((c, i) => ({ c, key: `${c.at} ${c.system} ${c.path} ${i}` }));
  const wanted = numbered.filter(({ c }) => shows(c)).slice(-most).reverse();
  none.hidden = wanted.length > 0;
  keep(list, wanted.map(({ c }) => ({ key: `${c.at} ${c.system} ${c.method} ${c.path} ${c.took}`, looks: "", make: () => line(c) })));
}

function shows(c) {
  if (c.system === "Slack") return which.slack.box.checked;
  return which.reads.box.checked || !["GET", "HEAD"].includes(c.method);
}

function line(c) {
  const took = c.took ? `${Math.round(c.took / 1e6)} ms` : "";
  const more = [c.request && ["sent", c.request], c.answer && ["answered", c.answer]].filter(Boolean);
  const head = [
    h("time", { datetime: c.at }, new Date(c.at).toLocaleTimeString("en-GB")),
    h("span", { class: `verb verb-${c.method.toLowerCase()}` }, c.method),
    h("span", { class: `status ${c.bad ? "bad" : "good"}` }, c.status),
    h("span", { class: "system" }, c.system, byHand(c) && h("span", { class: "pill" }, "your search"), c.fault && h("span", { class: "pill bad" }, "fault"), h("span", { class: "took" }, took)),
    h("code", {}, c.path),
  ];
  if (more.length === 0) return h("li", {}, h("div", { class: "call" }, head));
  return h("li", {}, h("details", {}, h("summary", { class: "call" }, head), more.map(([what, body]) => [h("h4", {}, what), h("pre", {}, pretty(body))])));
}

/** byHand tells the searches of this page from the bot's calls: the bot searches nothing. */
function byHand(c) {
  return c.path.endsWith("/_search") && c.system.startsWith("Elasticsearch");
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
