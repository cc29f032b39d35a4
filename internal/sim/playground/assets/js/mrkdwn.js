// Slack's mrkdwn as a tree, after Slack's docs "Formatting text for app surfaces". It knows no DOM: see text.js.
//
// A node is {type: "text", text}, {type: "break"}, {type: "code"|"pre", text}, {type: "bold"|"italic"|"strike"|"quote",
// children}, {type: "emoji", name}, {type: "link", url, label}, {type: "user"|"channel"|"group", id, label},
// {type: "broadcast", range} or {type: "date", at, format, link, fallback}.

const entities = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

export function unescape(text) {
  return text.replace(/&(?:lt|gt|amp);/g, (found) => entities[found]);
}

/** parse reads mrkdwn. With autolink bare addresses become links, as Slack does unless a text is verbatim. */
export function parse(text, { autolink = true } = {}) {
  const out = [];
  const parts = text.split(/```([\s\S]+?)```/);
  parts.forEach((part, i) => {
    if (i % 2 === 1) {
      out.push({ type: "pre", text: unescape(part.replace(/^\n|\n$/g, "")) });
      return;
    }
    // A fence stands on lines of its own, whether or not line breaks were written around it.
    if (i > 0) part = part.replace(/^\n/, "");
    if (i < parts.length - 1) part = part.replace(/\n$/, "");
    if (part !== "") out.push(...lines(part, autolink));
  });
  return out;
}

function lines(text, autolink) {
  const out = [];
  let quote = null;
  let begun = false;
  for (const line of text.split("\n")) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (quote) quote.children.push({ type: "break" });
      else out.push((quote = { type: "quote", children: [] }));
      quote.children.push(...inline(quoted[1], autolink));
      begun = false;
      continue;
    }
    quote = null;
    if (begun) out.push({ type: "break" });
    out.push(...inline(line, autolink));
    begun = true;
  }
  return out;
}

const styles = { "*": "bold", _: "italic", "~": "strike" };

/** inline reads one line. */
function inline(text, autolink) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") out.push({ type: "text", text: unescape(plain) });
    plain = "";
  };
  const take = (node, length) => {
    flush();
    out.push(node);
    return length;
  };
  for (let i = 0; i < text.length; ) {
    const rest = text.slice(i);
    const before = i === 0 ? "" : text[i - 1];
    const found = code(rest) ?? reference(rest) ?? styled(rest, before, autolink) ?? emojiName(rest) ?? (autolink ? address(rest, before) : null);
    if (found) {
      i += take(found.node, found.length);
    } else {
      plain += text[i];
      i += 1;
    }
  }
  flush();
  return out;
}

function code(rest) {
  const m = rest.match(/^`([^`]+)`/);
  return m && { node: { type: "code", text: unescape(m[1]) }, length: m[0].length };
}

/** styled finds *bold*, _italic_ and ~strike~: the marks touch the text inside and no word outside. */
function styled(rest, before, autolink) {
  const mark = rest[0];
  if (!(mark in styles) || /[\p{L}\p{N}]/u.test(before) || before === mark) return null;
  const closing = mark === "*" ? "\\*" : mark;
  const m = rest.match(new RegExp(`^${closing}(?=\\S)((?:\`[^\`]*\`|<[^>]*>|[^${closing}])*?\\S)${closing}(?![\\p{L}\\p{N}])`, "u"));
  if (!m) return null;
  return { node: { type: styles[mark], children: inline(m[1], autolink) }, length: m[0].length };
}

function emojiName(rest) {
  const m = rest.match(/^:([a-z0-9_+-]+):/);
  return m && { node: { type: "emoji", name: m[1] }, length: m[0].length };
}

function address(rest, before) {
  const m = !/\w/.test(before) && rest.match(/^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]'"]/);
  return m ? { node: { type: "link", url: unescape(m[0]), label: unescape(m[0]) }, length: m[0].length } : null;
}

/** reference is what stands between < and >. */
function reference(rest) {
  const m = rest.match(/^<([^<>\s][^<>\n]*)>/);
  if (!m) return null;
  const bar = m[1].indexOf("|");
  const what = bar < 0 ? m[1] : m[1].slice(0, bar);
  const label = bar < 0 ? "" : unescape(m[1].slice(bar + 1));
  return { node: referred(what, label), length: m[0].length };
}

function referred(what, label) {
  if (what.startsWith("@")) return { type: "user", id: what.slice(1), label };
  if (what.startsWith("#")) return { type: "channel", id: what.slice(1), label };
  if (what.startsWith("!subteam^")) return { type: "group", id: what.slice(9), label };
  if (what.startsWith("!date^")) {
    const [at, format, link] = what.slice(6).split("^");
    return { type: "date", at: Number(at), format: unescape(format ?? ""), link: link ? unescape(link) : "", fallback: label };
  }
  if (what.startsWith("!")) return { type: "broadcast", range: what.slice(1) };
  const url = unescape(what);
  return { type: "link", url, label: label || url };
}
