// A shell on each node of a self-managed cluster: its owners edit the keystore there, for which Elasticsearch has no API.
import { freshID, h, keep } from "./dom.js";
import { post } from "./server.js";
import { store } from "./store.js";

const id = { on: freshID("shell"), key: freshID("shell"), command: freshID("shell") };
const on = h("select", { id: id.on, class: "field" });
const key = h("input", { id: id.key, class: "field", type: "password", autocomplete: "off" });
const command = h("input", { id: id.command, class: "field", type: "text", spellcheck: "false", autocomplete: "off", placeholder: "bin/elasticsearch-keystore …" });
const result = h("p", { class: "shell-result", role: "status" });
const form = h(
  "form",
  { class: "search shell", "aria-label": "A shell on each node" },
  h("div", {}, h("label", { for: id.on }, "On each node of"), on),
  h("div", {}, h("label", { for: id.key }, "the key, if it asks"), key),
  h("div", { class: "command" }, h("label", { for: id.command }, "run"), command),
  h("button", { type: "submit", class: "button" }, "Run"),
);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  result.textContent = "";
  const { error } = await post("keystore", { deployment: on.value, command: command.value, key: key.value.trim() });
  result.className = `shell-result ${error ? "bad" : "good"}`;
  result.textContent = error ?? `Run on each node of ${on.value}.`;
  if (!error) key.value = command.value = "";
});

/** mountShell puts it into a place, where there are nodes that people have a shell on. */
export function mountShell(place) {
  const names = store.setting.by_hand;
  if (!names.length) return;
  keep(on, names.map((name) => ({ key: name, looks: "", make: () => h("option", { value: name }, name) })));
  on.value = store.setting.cast.local;
  place.append(form, result);
}
