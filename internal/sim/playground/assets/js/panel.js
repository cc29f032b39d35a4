// What really happened: the clusters, the calls that the bot made, and the faults to order.
import { drawCalls, mountCalls } from "./calls.js";
import { drawClusters, mountClusters } from "./clusters.js";
import { h } from "./dom.js";
import { drawFaults, mountFaults } from "./faults.js";
import { drawSearch, mountSearch } from "./search.js";
import { mountShell } from "./shell.js";
import { store } from "./store.js";

const names = { clusters: "Clusters", calls: "API calls", faults: "Break something" };
const tabs = {};
const count = h("span", { class: "count" });

/** mountPanel puts the parts into the page. */
export function mountPanel() {
  const list = document.getElementById("panel-tabs");
  for (const [name, words] of Object.entries(names)) {
    tabs[name] = h("button", { id: `tab-${name}`, type: "button", role: "tab", "aria-controls": `panel-${name}`, onclick: () => showTab(name) }, words);
    list.append(tabs[name]);
  }
  tabs.faults.append(count);
  list.addEventListener("keydown", (event) => {
    const all = Object.keys(names);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = all[(all.findIndex((name) => tabs[name] === document.activeElement) + by + all.length) % all.length];
    showTab(next);
    tabs[next].focus();
  });
  const panel = (name) => document.getElementById(`panel-${name}`);
  mountSearch(panel("clusters"));
  mountShell(panel("clusters"));
  mountClusters(panel("clusters"));
  mountCalls(panel("calls"));
  mountFaults(panel("faults"));
  select("clusters");
}

function select(name) {
  for (const one of Object.keys(names)) {
    tabs[one].setAttribute("aria-selected", String(one === name));
    tabs[one].tabIndex = one === name ? 0 : -1;
    document.getElementById(`panel-${one}`).hidden = one !== name;
  }
  drawPanel(); // what is hidden is not drawn
}

/** showTab shows one side of the panel, and on a narrow screen the panel itself. */
export function showTab(name) {
  select(name);
  showSide("panel");
}

/** showSide chooses what a narrow screen shows: "workspace" or "panel". */
export function showSide(side) {
  document.body.dataset.side = side;
  for (const button of document.querySelectorAll("#switch button")) button.setAttribute("aria-pressed", String(button.dataset.side === side));
}

export function drawPanel() {
  const going = store.faults.faults.filter((f) => f.on).length;
  count.textContent = going ? String(going) : "";
  count.hidden = !going;
  drawSearch();
  drawClusters();
  drawCalls();
  drawFaults();
}
