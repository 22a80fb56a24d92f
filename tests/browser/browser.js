// A browser for the tests: Debian's Chromium, or any other that is installed. Nothing is downloaded.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { installed } from "./installed.js";
import { serve } from "./site.js";

const MINUTE = 60_000;

let home;
let browser;

before(async () => {
  home = await serve();
  const found = process.env.CHROMIUM ?? installed();
  browser = await chromium.launch(found ? { executablePath: found } : { channel: "chrome" }).catch((error) => {
    throw new Error(`no browser starts: install Chromium, or name one in the variable CHROMIUM (${error.message})`);
  });
});
after(() => browser?.close());

/**
 * A test that visits pages. `visit(path, options)` opens one in a window of its own, in which nothing is remembered
 * of a reader; the options are Playwright's, and besides `width`, `height`, `prepare(page)` before the page loads,
 * `expectErrors`, and `at`, the address of another home page. A page that is closed makes room for the next.
 * The test fails if a page writes an error to its console, throws, or asks another host for anything.
 */
export function scenario(name, act) {
  test(name, { timeout: 10 * MINUTE }, async () => {
    const taken = new Set();
    const problems = [];
    const visit = async (path, { width = 1280, height = 900, prepare, expectErrors, at = home, ...options } = {}) => {
      // A worker would stand between the pages and the tests' stand-ins; offline.test.js allows it.
      const room = await roomFor({ viewport: { width, height }, serviceWorkers: "block", ...options });
      taken.add(room);
      const tell = (what) => expectErrors || problems.push(`${path} at ${width} px: ${what}`);
      room.isOurs = (url) => url.href.startsWith(at);
      room.tell = tell;
      const page = await room.context.newPage();
      page.on("console", (message) => message.type() === "error" && tell(`console: ${message.text()}`));
      page.on("pageerror", (error) => tell(`throws ${error.message}`));
      page.on("response", (response) => response.status() >= 400 && response.url() !== at + path && tell(`${response.status()} for ${response.url()}`));
      await forget(page, new URL(at).origin);
      await prepare?.(page);
      await page.goto(at + path);
      return page;
    };
    try {
      await act(visit);
    } finally {
      await Promise.all([...taken].flatMap(({ context }) => context.pages().map((page) => page.close())));
    }
    assert.deepEqual(problems, [], `expected pages without errors`);
  });
}

/** The contexts that there are. One costs more than to load a page of the book does, so that those with the same options share it. */
const rooms = [];

/** A room in which no page stands. */
async function roomFor(options) {
  const key = JSON.stringify(options);
  const free = rooms.find((room) => room.key === key && room.context.pages().length === 0);
  if (free) return free;
  const context = await browser.newContext(options);
  context.setDefaultTimeout(MINUTE); // other builds may run beside
  const room = { key, context };
  await context.route((url) => !room.isOurs(url), (route) => {
    room.tell(`asks for ${route.request().url()}`);
    return route.abort();
  });
  rooms.push(room);
  return room;
}

/** Takes away what earlier pages have kept in the browser. */
async function forget(page, origin) {
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
  await session.detach();
}

/** The address of a path of the site. */
export const address = (path) => home + path;
