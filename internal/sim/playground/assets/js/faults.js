// The faults to order, and the process that is the bot.
import { h, keep } from "./dom.js";
import { notice, post } from "./server.js";
import { store } from "./store.js";

const bot = h("p", { class: "bot", role: "status" });
const list = h("ul", { class: "faults" });

/** mountFaults puts them into a place. */
export function mountFaults(place) {
  place.append(
    h("p", { class: "lead" }, "The bot is a process of its own on this machine. It meets these faults as it would meet them in production; nothing in it knows that they were ordered."),
    bot,
    list,
  );
  setInterval(drawFaults, 500); // the seconds that are left
}

export function drawFaults() {
  if (list.closest("[hidden]")) return;
  drawBot();
  keep(list, store.faults.faults.map((f) => ({ key: f.id, looks: JSON.stringify([f.on, f.count]), make: () => fault(f), update: (node) => tick(node, f) })));
}

function drawBot() {
  const { pid, starts } = store.faults.bot;
  const text = pid ? `The bot runs: process ${pid}` : "The bot is dead; the next process is about to start";
  const times = starts > 1 ? `, started ${starts} times` : "";
  bot.className = pid ? "bot good" : "bot bad";
  if (bot.textContent !== text + times) bot.textContent = text + times;
}

function fault(f) {
  const left = h("span", { class: "left" });
  const order = async (on) => {
    const answer = await post("faults", { id: f.id, on });
    if (answer.error) notice(answer.error);
  };
  const node = h(
    "li",
    { class: f.on ? "on" : null },
    h("div", { class: "fault-head" }, h("h3", {}, f.title), f.count > 0 && !f.on && h("span", { class: "done" }, f.count === 1 ? "done once" : `done ${f.count} times`), left, h("button", { type: "button", class: f.on ? "button small" : "button small danger-quiet", dataset: { focus: f.id }, "aria-label": f.on ? `End: ${f.title}` : f.title, onclick: () => order(!f.on) }, f.on ? "End it now" : "Do it")),
    h("p", {}, f.does),
    h("p", { class: "watch" }, f.watch),
  );
  tick(node, f);
  return node;
}

function tick(node, f) {
  const left = node.querySelector(".left");
  const seconds = Math.max(0, Math.ceil((f.until - Date.now()) / 1000));
  const text = f.on ? (f.id === "kill-midway" ? "waits for its moment" : `${seconds} s left`) : "";
  if (left.textContent !== text) left.textContent = text;
}
