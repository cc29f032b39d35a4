// The reading of mrkdwn and dates, which needs no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDate } from "../assets/js/dates.js";
import { parse } from "../assets/js/mrkdwn.js";

/** short writes a tree so that it can be read: bold(…), plain text in quotes. */
function short(nodes) {
  return nodes
    .map((n) => {
      if (n.type === "text") return JSON.stringify(n.text);
      if (n.children) return `${n.type}(${short(n.children)})`;
      if (n.type === "break") return "br";
      if (n.type === "link") return `link(${n.url} ${n.label})`;
      if (n.type === "date") return `date(${n.at} ${n.format} ${n.fallback})`;
      return `${n.type}(${n.text ?? n.name ?? n.id ?? n.range})`;
    })
    .join(" ");
}

const cases = {
  "*bold* text": 'bold("bold") " text"',
  "_italic_ and ~gone~": 'italic("italic") " and " strike("gone")',
  "*_both_*": 'bold(italic("both"))',
  "2*3*4 and snake_case_word": '"2*3*4 and snake_case_word"',
  "* not bold *": '"* not bold *"',
  "*one* *two*": 'bold("one") " " bold("two")',
  "*no\nend*": '"*no" br "end*"',
  "`*code* <@U1>`": "code(*code* <@U1>)",
  "*see `a*b` there*": 'bold("see " code(a*b) " there")',
  "```\nGET a:b/_search\n```": "pre(GET a:b/_search)",
  "run:\n```x```\nthen": '"run:" pre(x) "then"',
  "> said\n> twice\nend": 'quote("said" br "twice") "end"',
  "&gt; also said": 'quote("also said")',
  "a &lt;b&gt; &amp;amp;": '"a <b> &amp;"',
  "<@U1> and <#C1|ops> and <!subteam^S1>": 'user(U1) " and " channel(C1) " and " group(S1)',
  "<!channel> <!here>": 'broadcast(channel) " " broadcast(here)',
  "<https://example.com/?a=1&amp;b=2|the page>": "link(https://example.com/?a=1&b=2 the page)",
  "<mailto:a@example.com>": "link(mailto:a@example.com mailto:a@example.com)",
  "see https://example.com/x.": '"see " link(https://example.com/x https://example.com/x) "."',
  ":x: :no_such_thing: 12:30:45": 'emoji(x) " " emoji(no_such_thing) " 12" emoji(30) "45"',
  "<!date^1772443800^{date_short} {time}|2 Mar>": "date(1772443800 {date_short} {time} 2 Mar)",
  "a < b and c > d": '"a < b and c > d"',
  "&lt;script&gt;alert(1)&lt;/script&gt;": '"<script>alert(1)</script>"',
};

for (const [text, want] of Object.entries(cases)) {
  test(`mrkdwn: ${JSON.stringify(text)}`, () => assert.equal(short(parse(text)), want));
}

test("verbatim text has no links of its own", () => {
  assert.equal(short(parse("see https://example.com", { autolink: false })), '"see https://example.com"');
});

test("dates", () => {
  const now = new Date(2026, 2, 2, 12, 0);
  const at = (...moment) => new Date(...moment).getTime() / 1000;
  assert.equal(formatDate(at(2026, 2, 2, 9, 5), "{date_short_pretty} {time}", now), "today 09:05");
  assert.equal(formatDate(at(2026, 2, 1, 9, 5), "{date_pretty}", now), "yesterday");
  assert.equal(formatDate(at(2026, 2, 3, 9, 5), "{date_long_pretty}", now), "tomorrow");
  assert.equal(formatDate(at(2026, 5, 1), "{date_num}", now), "2026-06-01");
  assert.equal(formatDate(at(2026, 5, 1), "{date_short}", now), "1 Jun 2026");
  assert.equal(formatDate(at(2026, 2, 2, 10, 0), "{ago}", now), "2 hours ago");
  assert.equal(formatDate(at(2026, 2, 2), "{no_such}", now), "{no_such}");
  assert.equal(formatDate(Number.NaN, "{time}", now), "");
});
