// The clusters as they stand: settings, keystores by name, keys, trust, and what _remote/info answers.
import { h, keep } from "./dom.js";
import { store } from "./store.js";

const list = h("div", { class: "clusters" });
const opened = new Map(); // name → whether the person, or a change, has opened it
const first = new Map(); // name → how it looked at first: until that changes there is nothing to see

/** mountClusters puts them into a place. */
export function mountClusters(place) {
  place.append(list);
}

export function drawClusters() {
  keep(list, store.world.map((d) => ({ key: d.name, looks: "", make: () => card(d) })));
  for (const [i, d] of store.world.entries()) list.children[i].draw(d);
}

function card(d) {
  const summary = h("summary");
  const body = h("div", { class: "facts" });
  const node = h("details", { class: "cluster" }, summary, body);
  summary.addEventListener("click", () => opened.set(d.name, !node.open));
  node.draw = (now) => {
    const facts = factsOf(now);
    const looks = JSON.stringify(facts);
    if (!first.has(now.name)) first.set(now.name, looks);
    else if (first.get(now.name) !== looks && !opened.has(now.name)) opened.set(now.name, true);
    node.open = opened.get(now.name) ?? false;
    keep(summary, [{ key: "s", looks: JSON.stringify([now.running, now.pending, now.links]), make: () => headline(now) }]);
    keep(body, [...real(now.name), ...facts.map((f) => ({ key: f.key, looks: JSON.stringify(f), make: () => fact(f) }))]);
  };
  return node;
}

/** real shows what GET / of a real cluster answers. */
function real(name) {
  const about = store.setting.real?.[name];
  if (!about) return [];
  return [{ key: "real", looks: about, make: () => h("section", {}, h("h3", {}, "GET / of this real cluster"), h("pre", {}, about)) }];
}

const where = { ece: "ECE · local", ech: "Elastic Cloud · remote", self_managed: "self-managed" };

function headline(d) {
  const links = Object.values(d.links ?? {});
  const state = !d.running ? "stopped" : d.pending ? "plan under way" : "running";
  return h(
    "span",
    { class: "cluster-head" },
    h("b", {}, d.name),
    h("span", { class: "version" }, d.version),
    h("span", { class: "where" }, where[d.kind]),
    h("span", { class: "standing" }, links.length > 0 && connections(links), h("span", { class: `dot ${d.running ? "" : "off"}`, role: "img", "aria-label": state })),
  );
}

/** connections tells of a cluster's connections in a word; how many there are, where there are several. */
function connections(links) {
  const up = links.filter((l) => l.connected && !l.key_ended).length;
  if (links.length === 1 && links[0].key_ended) return h("span", { class: "pill bad" }, "key not valid");
  if (up < links.length) return h("span", { class: "pill bad" }, links.length > 1 ? `${links.length - up} of ${links.length} lost` : "not connected");
  return h("span", { class: "pill good" }, links.length > 1 ? `${up} connected` : "connected");
}

/** factsOf are the sections of a cluster, each with rows of [name, value, tone]. */
function factsOf(d) {
  const info = Object.entries(d.remotes ?? {}).map(([alias, r]) => [alias, remote(r, d.links?.[alias]), r.connected && !d.links?.[alias]?.key_ended ? "good" : "bad"]);
  const keys = d.keys.map((k) => [k.name, `${k.type} · ${k.valid ? "valid" : "no longer valid"}${k.expires ? ` · until ${k.expires.slice(0, 16).replace("T", " ")}` : ""}${k.search?.length ? ` · may search ${k.search.join(", ")}` : ""}`, k.valid ? "good" : "off", k.id]);
  const sections = [
    ["_remote/info", info],
    ["Settings", Object.entries(d.settings).sort()],
    ["Keystore (names only)", d.keystore.map((s) => [s.name, s.loaded === null ? "stored" : s.loaded ? "loaded by the nodes" : "stored, not loaded yet", s.loaded === false ? "off" : ""])],
    ["API keys", keys],
    ["Trust", d.trust.map((t) => [t, ""])],
    ["Network filters", d.filters.map((t) => [t, ""])],
  ];
  return sections.filter(([, rows]) => rows.length > 0).map(([key, rows]) => ({ key, rows }));
}

function remote(r, link) {
  const to = r.mode === "proxy" ? `${r.proxy_address}, ${r.num_proxy_sockets_connected} of ${r.max_proxy_socket_connections} sockets` : (r.seeds ?? []).join(", ");
  const how = r.cluster_credentials ? "API key" : "certificates";
  return `${r.connected ? "connected" : "not connected"} · ${how} · ${to}${link?.key_ended ? " · its key is no longer valid" : ""}${link?.trouble ? ` · ${link.trouble}` : ""}`;
}

function fact({ key, rows }) {
  return h(
    "section",
    {},
    h("h3", {}, key),
    h("dl", {}, rows.map(([name, value, tone]) => h("div", { class: tone || null }, h("dt", {}, name), value !== "" && h("dd", {}, value)))),
  );
}
