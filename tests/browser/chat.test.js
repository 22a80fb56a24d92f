// The chat's own page: what its link to the server does when the server can't.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "./browser.js";
import { ROOT } from "./site.js";

const LINK = readFileSync(join(ROOT, "code/projects/chat/src/page/link.js"), "utf8");

/** What a link asks for a second after each of its refusals. */
const askedAfter = (page, refusals) => page.evaluate(async ([text, refusals]) => {
  let socket;
  const asked = [];
  const later = [];
  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() { socket = this; }
    send(ask) { asked.push(JSON.parse(ask)); }
  };
  const { Link } = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  globalThis.setTimeout = (act) => later.push(act);
  const link = new Link();
  link.open();
  socket.onopen();
  link.join("tea");
  link.say("tea", "a cup, please");
  const id = asked.at(-1).say.id;
  return refusals.map(({ isLine, why }) => {
    asked.length = 0;
    socket.onmessage({ data: JSON.stringify({ refused: { room: "tea", why, ...isLine && { id } } }) });
    later.splice(0).forEach((act) => act());
    return asked.flatMap(Object.keys).join(" ");
  });
}, [LINK, refusals]);

scenario("what a busy server refuses is asked for again: the room with its lines, or a line", async (visit) => {
  const page = await visit("/", { bypassCSP: true });
  const refusals = [{ why: "unsaved" }, { why: "too_fast" }, { isLine: true, why: "unsaved" }];
  assert.deepEqual(await askedAfter(page, refusals), ["join say", "join say", "say"]);
});

scenario("what a server refuses for good isn't asked for again", async (visit) => {
  const page = await visit("/", { bypassCSP: true });
  const refusals = [{ isLine: true, why: "too_long" }, { why: "unsaved" }, { why: "banned" }, { why: "unsaved" }];
  assert.deepEqual(await askedAfter(page, refusals), ["", "join", "", ""]);
});
