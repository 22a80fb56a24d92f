// The pages' Content Security Policy, with the headers that hosts send beside it: nothing of ours offends them, and what is not ours is refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { address, scenario } from "./browser.js";
import { button, playerOf, reach } from "./runs.js";
import { PAGES, ROOT, RUNS } from "./site.js";

const SENT = Object.fromEntries(readFileSync(join(ROOT, "static/_headers"), "utf8").split("\n").filter((line) => line.startsWith(" ")).map((line) => line.trim().split(": ")));

/** Has the server send what `static/_headers` tells hosts to send. */
const hosted = (page) => page.route((url) => url.href.startsWith(address("/")), async (route) => {
  try {
    const response = await route.fetch({ maxRetries: 3 }); // on a busy machine the server may just have closed the connection
    await route.fulfill({ response, headers: { ...response.headers(), ...SENT } });
  } catch {} // the page is closed
});

/** Collects what the policy refuses, from the first byte of the page on. */
const collect = (page) => page.addInitScript(() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
    window.refused.push(`${effectiveDirective}: ${blockedURI} ${sample}`));
});
const refused = (page) => page.evaluate(() => window.refused);

// One page of each kind: that the others load without a refusal, pages.test.js sees on their console.
const PART = PAGES.find((path) => /^\/part1[^/]*\/$/.test(path));
const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const GUIDE = RUNS.find((run) => run.name.startsWith("guide")).page;

for (const path of ["/", PART, CHAPTER, GUIDE, "/glossary/", "/404.html", "/offline.html"]) {
  scenario(`nothing on ${path} offends its policy, with the search, a player and Run in use`, async (visit) => {
    const prepare = async (page) => {
      await collect(page);
      await hosted(page);
      await page.route("https://play.rust-lang.org/execute", (route) => route.fulfill({
        headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type" },
        json: { success: true, exitDetail: "", stdout: "1\n", stderr: "     Running `target/debug/playground`\n" },
      }));
    };
    const page = await visit(path, { prepare, expectErrors: path === "/404.html" });
    assert.equal(await page.locator("meta[http-equiv=Content-Security-Policy]").count(), 1, "expected one policy");
    await page.keyboard.press("/");
    await page.keyboard.type("waker");
    await page.locator("site-search li a span").first().waitFor();
    await page.keyboard.press("Escape");
    const run = RUNS.find((run) => run.page === path);
    if (run) {
      const player = await playerOf(page, run);
      await button(player, "Step forward").click();
      await reach(player, run, 1);
    }
    const program = page.locator("figure.code:has(run-code)").first();
    if (await program.count()) {
      await program.evaluate((it) => it.closest("details")?.setAttribute("open", ""));
      await program.scrollIntoViewIfNeeded();
      await program.getByRole("button", { name: "Run", exact: true }).click();
      await program.getByText("It ran to the end and printed:").waitFor();
    }
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    assert.deepEqual(await refused(page), [], `${path}: expected nothing to be refused`);
  });
}

scenario("what does not belong to the page is refused", async (visit) => {
  const page = await visit("/", { prepare: collect, expectErrors: true });
  await page.evaluate(async () => {
    const add = (tag, properties) => document.body.append(Object.assign(document.createElement(tag), properties));
    add("script", { textContent: "window.ran = true" });
    add("script", { src: "https://example.org/x.js" });
    add("img", { src: "https://example.org/x.png" });
    add("iframe", { src: "https://example.org/" });
    document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='window.ran = true'>x</p>");
    document.body.lastElementChild.click();
    await fetch("https://example.org/").catch(() => {});
  });
  assert.equal(await page.evaluate(() => window.ran), undefined, "expected no inline script to run");
  const directives = new Set((await refused(page)).map((it) => it.split(":")[0]));
  assert.deepEqual([...directives].sort(), ["connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem", "style-src-attr"]);
});

scenario("no page stands inside another where a host sends our headers", async (visit) => {
  const prepare = async (page) => {
    await hosted(page);
    await page.route("**/around.html", (route) => route.fulfill({ contentType: "text/html", body: `<!DOCTYPE html><iframe src="${address("/")}"></iframe>` }));
  };
  const page = await visit("/around.html", { prepare, expectErrors: true });
  assert.equal(page.frames()[1].url(), "chrome-error://chromewebdata/", "expected an empty frame");
});
