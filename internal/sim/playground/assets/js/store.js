// What the page knows and where the person is. Views read it and are told when it changed.

export const store = {
  setting: { command: "", words: [], people: [], channel: "", app_user: "", shortcuts: [] },
  me: "", // handle
  at: "", // a channel's id, or "home" for the app's home tab
  thread: "", // ts of the open thread's root
  slack: null,
  world: [],
  calls: [],
  faults: { bot: {}, faults: [] },
  search: null, // the last one: {deployment, target, hits, skipped, error}
  seen: remembered(), // "me channel" → ts of the newest message that was looked at
};

/** remembered is what was looked at before the page was loaded again. */
function remembered() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem("seen") ?? "[]"));
  } catch {
    return new Map();
  }
}

/** look notes that a conversation's messages up to ts have been looked at. */
export function look(place, ts) {
  if (store.seen.get(place) === ts) return;
  store.seen.set(place, ts);
  sessionStorage.setItem("seen", JSON.stringify([...store.seen]));
}

const views = new Set();
let asked = false;

/** view draws now and whenever something changed. */
export function view(draw) {
  views.add(draw);
  draw();
}

/** change changes the store and lets the views draw, soon and together. */
export function change(f) {
  f(store);
  if (asked) return;
  asked = true;
  setTimeout(() => {
    asked = false;
    for (const draw of views) draw();
  }, 0);
}

/** go leads to a place: a person, a conversation, a thread. */
export function go(place) {
  change((s) => {
    if (place.me && place.me !== s.me) s.slack = without(s.slack, place.me);
    Object.assign(s, "at" in place || "me" in place ? { thread: "" } : {}, place);
  });
}

/** without leaves out what the person before alone could see, until the stream tells what the next one sees. */
function without(slack, handle) {
  if (!slack) return slack;
  const channels = slack.channels.filter((c) => !c.im);
  const messages = slack.messages.filter((m) => !m.only && channels.some((c) => c.id === m.channel));
  return { ...slack, me: slack.users.find((u) => u.handle === handle)?.id, channels, messages, modals: [], home: null };
}

/** book tells names. */
export function book() {
  const { slack } = store;
  const find = (list, id) => list?.find((one) => one.id === id);
  return {
    me: slack?.me,
    user: (id) => find(slack?.users, id)?.name ?? id,
    group: (id) => find(slack?.groups, id)?.handle ?? id,
    channel: (id) => find(slack?.channels, id)?.name || "direct message",
  };
}

/** channel is the conversation the person is in; the app's direct message stands for its home tab. */
export function channel(id = store.at) {
  return store.slack?.channels.find((c) => c.id === id);
}

/** directMessage is the one with the app. */
export function directMessage() {
  return store.slack?.channels.find((c) => c.im);
}

/** inChannel are the messages of a conversation that do not stay in a thread. */
export function inChannel(id) {
  return (store.slack?.messages ?? []).filter((m) => m.channel === id && (!m.thread_ts || m.thread_ts === m.ts || m.broadcast));
}

/** inThread are the replies below a message. */
export function inThread(root) {
  return (store.slack?.messages ?? []).filter((m) => m.channel === root.channel && m.thread_ts === root.ts && m.ts !== root.ts);
}
