// Texts as DOM: text objects, mrkdwn, and rich text. Names come from a book: {user(id), group(id), channel(id), me}.
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { formatDate } from "./dates.js";
import { parse } from "./mrkdwn.js";
import { go, store } from "./store.js";

/** textObject draws a plain_text or mrkdwn object. */
export function textObject(o, book) {
  if (!o) return [];
  if (o.type === "mrkdwn") return mrkdwn(o.text, book, o.verbatim);
  return plain(o.text, o.emoji !== false);
}

/** mrkdwn draws Slack's markup. */
export function mrkdwn(text, book, verbatim = false) {
  return parse(text ?? "", { autolink: !verbatim }).map((node) => draw(node, book));
}

/** plain draws text as it is; only :emoji: are turned, and line breaks kept. */
export function plain(text, withEmoji = true) {
  const out = [];
  (text ?? "").split("\n").forEach((line, i) => {
    if (i > 0) out.push(h("br"));
    line.split(withEmoji ? /(:[a-z0-9_+-]+:)/ : /$^/).forEach((part) => {
      if (part) out.push(part in names ? emojiNode(names[part]) : part);
    });
  });
  return out;
}

const names = Object.fromEntries(Object.keys(emoji).map((name) => [`:${name}:`, name]));

/** emojiNode draws an emoji by Slack's name for it. */
export function emojiNode(name) {
  if (!(name in emoji)) return `:${name}:`;
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " ") }, emoji[name]);
}

/** link draws an address that a browser may open; any other stays text. A message of this workspace opens in the page,
 * and what stands behind the addresses of the stand-ins is not in the playground. */
export function link(url, label) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return label;
  }
  if (!["http:", "https:", "mailto:"].includes(parsed.protocol)) return label;
  const told = archived(parsed);
  if (told) return h("a", { href: "#", onclick: (event) => (event.preventDefault(), go(told)) }, label);
  if (elsewhere.test(parsed.hostname)) {
    return h("span", { class: "nowhere", title: `${parsed.href} is not in the playground` }, label, h("small", {}, " (not in the playground)"));
  }
  return h("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** elsewhere are the hosts that a real workspace and real platforms would have, and those of the stand-ins, which have
 * no consoles to look at. */
const elsewhere = /^127\.|(^|\.)(localhost|example|ece\.example\.com|found\.io|elastic-cloud\.com|cloud\.elastic\.co|slack\.com)$/;

/** archived is the place of a message that an address of Slack's archives names, after chat.getPermalink; null where
 * it is none of this workspace. */
function archived(url) {
  const m = url.hostname.endsWith(".slack.com") && url.pathname.match(/^\/archives\/(\w+)\/p(\d+)(\d{6})$/);
  const ts = m && `${m[2]}.${m[3]}`;
  const message = m && store.slack?.messages.find((one) => one.channel === m[1] && one.ts === ts);
  return message ? { at: m[1], thread: message.thread_ts || ts } : null;
}

function mention(text, mine) {
  return h("span", { class: mine ? "mention mine" : "mention" }, text);
}

function draw(node, book) {
  const children = () => node.children.map((child) => draw(child, book));
  switch (node.type) {
    case "text":
      return node.text;
    case "break":
      return h("br");
    case "bold":
      return h("strong", {}, children());
    case "italic":
      return h("em", {}, children());
    case "strike":
      return h("s", {}, children());
    case "quote":
      return h("blockquote", {}, children());
    case "code":
      return h("code", {}, node.text);
    case "pre":
      return h("pre", {}, node.text);
    case "emoji":
      return emojiNode(node.name);
    case "link":
      return link(node.url, node.label);
    case "user":
      return mention(`@${book.user(node.id)}`, node.id === book.me);
    case "channel":
      return mention(`#${book.channel(node.id)}`);
    case "group":
      return mention(`@${book.group(node.id)}`);
    case "broadcast":
      return mention(`@${node.range}`, true);
    case "date":
      return date(node);
    default:
      return "";
  }
}

function date({ at, format, link: url, fallback }) {
  const shown = formatDate(at, format) || fallback;
  const iso = Number.isFinite(at) ? new Date(at * 1000).toISOString() : null;
  const node = h("time", { datetime: iso, title: fallback || null }, shown);
  return url ? link(url, node) : node;
}

/** richText draws a rich_text block or the rich text inside another one. */
export function richText(o, book) {
  return lists(o?.elements ?? [], book);
}

function lists(elements, book) {
  return elements.map((e) => {
    const inside = () => (e.elements ?? []).map((one) => span(one, book));
    switch (e.type) {
      case "rich_text_list":
        return h(
          e.style === "ordered" ? "ol" : "ul",
          { class: `indent-${Math.min(e.indent ?? 0, 8)}`, start: e.offset ? e.offset + 1 : null },
          (e.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map((one) => span(one, book)))),
        );
      case "rich_text_quote":
        return h("blockquote", {}, inside());
      case "rich_text_preformatted":
        return h("pre", {}, inside());
      default:
        return h("p", {}, inside());
    }
  });
}

function span(e, book) {
  let node;
  switch (e.type) {
    case "text":
      node = h("span", {}, plain(e.text, false));
      break;
    case "link":
      node = link(e.url, e.text || e.url);
      break;
    case "emoji":
      node = emojiNode(e.name);
      break;
    case "user":
      node = draw({ type: "user", id: e.user_id }, book);
      break;
    case "usergroup":
      node = draw({ type: "group", id: e.usergroup_id }, book);
      break;
    case "channel":
      node = draw({ type: "channel", id: e.channel_id }, book);
      break;
    case "broadcast":
      node = draw({ type: "broadcast", range: e.range }, book);
      break;
    case "date":
      node = date({ at: e.timestamp, format: e.format ?? "", link: e.url, fallback: e.fallback });
      break;
    case "color":
      node = h("code", {}, e.value);
      break;
    default:
      return "";
  }
  for (const [style, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]]) {
    if (e.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}
