// The next thing to do, for somebody who sees the bot for the first time.
import { h, keep } from "./dom.js";
import { typeHere } from "./conversation.js";
import { become } from "./sidebar.js";
import { searchFor } from "./search.js";
import { showTab } from "./panel.js";
import { go, store } from "./store.js";

const local = "logs-prod";
const remote = "metrics-eu";

/** coaching is the next step: {text, does?, go?}. */
export function coaching() {
  const { slack, me, setting, search } = store;
  if (!slack) return { text: "" };
  const modal = slack.modals?.at(-1);
  if (modal) return { text: inModal(modal) };
  const alias = connected();
  if (alias && search?.hits?.length) return { step: 5, text: "Connected and proven. Now make it hard for the bot: break something, and watch it cope.", does: "Show the faults", go: () => showTab("faults") };
  if (alias) return { step: 4, text: `Connected. Prove it: search ${alias}:metrics-* on ${local}.`, does: "Search", go: () => searchFor(local, `${alias}:metrics-*`) };
  if (button("Approve")) return approving(me);
  if (button("Withdraw") || working()) return { step: 3, text: "Approved: the bot works. Its thread tells every step, and the clusters on the other side change." };
  if (me !== "alice") return { step: 1, text: "Requests begin with Alice.", does: "Be Alice", go: () => become("alice") };
  return {
    step: 1, text: `You are Alice. ${local} shall search the metrics of ${remote}: type ${setting.command} connect in #clusters.`, does: "Type it for me",
    go: () => {
      go({ at: setting.channel });
      setTimeout(() => typeHere(`${setting.command} connect `), 20);
    },
  };
}

function approving(me) {
  if (me === "alice") return { step: 2, text: "Your request waits in #clusters. Nobody approves a request of their own: be Bob.", does: "Be Bob", go: () => become("bob") };
  if (me === "mallory") return { step: 2, text: "Mallory is no approver. Press Approve, and see what the bot says.", does: "Be Bob", go: () => become("bob") };
  return { step: 2, text: "Read the request, look at its plan, and press Approve." };
}

function inModal(view) {
  if (view.callback_id !== "connect") return "";
  const chosen = JSON.stringify(view.values);
  if (!chosen.includes(local)) return `Choose ${local} as the local deployment: type a part of its name.`;
  if (!chosen.includes(remote)) return `Choose ${remote} as the remote deployment: the bot fills alias, address and server name in.`;
  return "Say which indices may be searched, such as metrics-*, and what it is for. Then ask for approval.";
}

/** connected is the alias of a connection that stands, from the local deployment. */
function connected() {
  const links = store.world.find((d) => d.name === local)?.links ?? {};
  return Object.keys(links).find((alias) => links[alias].connected && links[alias].key_id) ?? "";
}

/** button tells whether the newest request still has it. */
function button(words) {
  const cards = store.slack.messages.filter((m) => m.channel === store.setting.channel && !m.only && (!m.thread_ts || m.thread_ts === m.ts) && m.user === store.setting.app_user);
  return JSON.stringify(cards.at(-1)?.blocks ?? []).includes(`"text":"${words}"`);
}

function working() {
  const last = store.slack.messages.findLast((m) => m.channel === store.setting.channel && m.blocks?.some((b) => b.type === "plan"));
  return Boolean(last?.blocks.some((b) => (b.tasks ?? []).some((t) => t.status === "in_progress")));
}

export function drawCoach() {
  const next = coaching();
  const place = document.getElementById("coach");
  place.hidden = !next.text;
  keep(place, [
    {
      key: "next", looks: JSON.stringify([next.step, next.text, next.does, store.me]),
      make: () =>
        h(
          "p",
          {},
          next.step && h("span", { class: "steps", role: "img", "aria-label": `Step ${next.step} of 5` }, [1, 2, 3, 4, 5].map((n) => h("i", { class: n < next.step ? "past" : n === next.step ? "now" : null }))),
          h("span", {}, next.text),
          next.does && h("button", { type: "button", class: "button small", dataset: { focus: "next" }, onclick: next.go }, next.does),
        ),
    },
  ]);
}
