// Slack's date formats, after Slack's docs "Formatting text for app surfaces: date formatting".

const day = 24 * 60 * 60 * 1000;

/** formatDate fills {date_short} and the like in for a moment in Unix seconds; empty if it is no moment. */
export function formatDate(at, format, now = new Date()) {
  const then = new Date(at * 1000);
  if (Number.isNaN(then.getTime())) return "";
  return format.replace(/\{(\w+)\}/g, (found, name) => token(name, then, now) ?? found);
}

function token(name, then, now) {
  const show = (options) => then.toLocaleString("en-GB", options);
  const plain = name.replace(/_pretty$/, "");
  if (plain !== name) {
    const word = near(then, now);
    if (word) return word;
  }
  switch (plain) {
    case "date_num":
      return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
    case "date_slash":
      return show({ day: "2-digit", month: "2-digit", year: "numeric" });
    case "date_long":
    case "date_long_full":
      return show({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
    case "date_short":
      return show({ day: "numeric", month: "short", year: "numeric" });
    case "date":
    case "day_divider":
      return show({ day: "numeric", month: "long", year: "numeric" });
    case "time":
      return show({ hour: "2-digit", minute: "2-digit" });
    case "time_secs":
      return show({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    case "ago":
      return ago(then, now);
    default:
      return undefined;
  }
}

function near(then, now) {
  const start = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((start(then) - start(now)) / day);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(then, now) {
  const seconds = Math.round((then - now) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  }
  return words.format(seconds, "second");
}
