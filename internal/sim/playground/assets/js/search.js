// The search box: a search across clusters, as one would run it in Kibana.
import { freshID, h, keep } from "./dom.js";
import { showTab } from "./panel.js";
import { post } from "./server.js";
import { change, store } from "./store.js";

const id = { on: freshID("search"), target: freshID("search") };
const on = h("select", { id: id.on, class: "field" });
const target = h("input", { id: id.target, class: "field", type: "text", spellcheck: "false", autocomplete: "off" });
const result = h("div", { class: "hits", role: "status" });
const form = h(
  "form",
  { class: "search", "aria-label": "Search across clusters" },
  h("div", {}, h("label", { for: id.on }, "Search on"), on),
  h("div", {}, h("label", { for: id.target }, "for"), target),
  h("button", { type: "submit", class: "button" }, "Search"),
);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  searchFor(on.value, target.value.trim());
});

/** mountSearch puts the box into a place. */
export function mountSearch(place) {
  const { remote, indices } = store.setting.cast;
  target.value = `${remote}:${indices}`;
  place.append(form, result);
}

/** searchFor fills the box in and searches. */
export async function searchFor(deployment, what) {
  showTab("clusters");
  on.value = deployment;
  target.value = what;
  const found = await post("search", { deployment, target: what });
  const alias = what.includes(":") ? what.split(":")[0] : "";
  change((s) => (s.search = { deployment, target: what, alias: linked(deployment, alias) ? alias : "", ...found }));
}

/** linked tells whether a cluster has a connection of that alias. */
function linked(deployment, alias) {
  return Boolean(store.world.find((d) => d.name === deployment)?.links?.[alias]);
}

export function drawSearch() {
  const locals = store.world.filter((d) => d.local).map((d) => d.name);
  keep(on, locals.map((name) => ({ key: name, looks: "", make: () => h("option", { value: name }, name) })));
  const { search } = store;
  if (!search) return;
  if (search.alias && !linked(search.deployment, search.alias)) {
    keep(result, [{ key: "gone", looks: search.alias, make: () => h("p", { class: "none" }, `The connection ${search.alias} of ${search.deployment} has gone since that search.`) }]);
    return;
  }
  keep(result, [{ key: "found", looks: JSON.stringify(search), make: () => h("div", {}, search.error ? h("p", { class: "bad" }, readable(search.error)) : found(search)) }]);
}

function found({ hits, skipped, target: what }) {
  const count = hits?.length ?? 0;
  const left = Object.entries(skipped ?? {});
  return [
    (count > 0 || left.length === 0) && h("p", { class: count ? "good" : "none" }, count ? `${count} documents ${what.includes(":") ? "through the connection" : "of its own"}` : `No document: ${what}`),
    left.map(([alias, why]) => h("p", { class: "bad" }, `${alias} was skipped: ${why}`)),
    left.length > 0 && h("p", { class: "none" }, "The search itself succeeds with 200: skip_unavailable is true, and _clusters alone tells of it."),
    h("ul", {}, (hits ?? []).slice(0, 6).map((hit) => h("li", {}, h("code", {}, hit._index), " ", hit._source?.message ?? JSON.stringify(hit._source)))),
  ];
}

/** readable takes Elasticsearch's reason out of its answer. */
function readable(error) {
  const reason = error.match(/"reason":"((?:[^"\\]|\\.)*)"/);
  const status = error.match(/: (\d{3} [A-Za-z ]+):/);
  return reason ? `${status?.[1] ?? "Refused"}: ${reason[1].replaceAll('\\"', '"')}` : error;
}
