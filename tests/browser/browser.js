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
 * A test that visits pages. `visit(path, options)` opens one in a window of its own; the options are
 * Playwright's, and besides `width`, `height`, `prepare(page)` before the page loads, `expectErrors`, and `at`,
 * the address of another home page.
 * The test fails if a page writes an error to its console, throws, or asks another host for anything.
 */
export function scenario(name, act) {
  test(name, { timeout: 10 * MINUTE }, async () => {
    const contexts = [];
    const problems = [];
    const visit = async (path, { width = 1280, height = 900, prepare, expectErrors, at = home, ...options } = {}) => {
      // A worker would stand between the pages and the tests' stand-ins; offline.test.js allows it.
      const context = await browser.newContext({ viewport: { width, height }, serviceWorkers: "block", ...options });
      contexts.push(context);
      context.setDefaultTimeout(MINUTE); // other builds may run beside
      const tell = (what) => expectErrors || problems.push(`${path} at ${width} px: ${what}`);
      await context.route((url) => !url.href.startsWith(at), (route) => {
        tell(`asks for ${route.request().url()}`);
        return route.abort();
      });
      const page = await context.newPage();
      page.on("console", (message) => message.type() === "error" && tell(`console: ${message.text()}`));
      page.on("pageerror", (error) => tell(`throws ${error.message}`));
      page.on("response", (response) => response.status() >= 400 && response.url() !== at + path && tell(`${response.status()} for ${response.url()}`));
      await prepare?.(page);
      await page.goto(at + path);
      return page;
    };
    try {
      await act(visit);
    } finally {
      await Promise.all(contexts.map((context) => context.close()));
    }
    assert.deepEqual(problems, [], `expected pages without errors`);
  });
}

/** The address of a path of the site. */
export const address = (path) => home + path;
