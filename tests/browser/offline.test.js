// The service worker: what was read, or the whole book, can be read offline, and is always of one build.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { scenario } from "./browser.js";
import { button, playerOf, reach } from "./runs.js";
import { RUNS, serveCopy } from "./site.js";

const RUN = RUNS.find((run) => run.name.startsWith("ch01"));
const READ = RUN.page;
const UNREAD = "/glossary/";

let site;
before(async () => (site = await serveCopy()));
after(() => site.remove());

/** Opens a page in a browser that lets the worker in, and reads: the page is kept then. */
async function read(visit, path) {
  site.isDown = false;
  const page = await visit(path, { at: site.home, serviceWorkers: "allow", expectErrors: true });
  await page.mouse.move(300, 300);
  await page.mouse.wheel(0, 200);
  await kept(page, path);
  return page;
}

/** Waits until a page, and what it looks like, is kept. */
const kept = (page, path) => page.evaluate(async (files) => {
  const isKept = async () => (await Promise.all(files.map((file) => caches.match(file)))).every(Boolean);
  while (!await isKept()) await new Promise((resolve) => setTimeout(resolve, 50));
}, [`${path}index.html`, "/css/site.css", "/js/elements.js"].map((file) => site.home + file));

const heading = (page) => page.locator("h1").innerText();
const paper = (page) => page.evaluate(() => getComputedStyle(document.body).fontFamily);

/** Scrolls to the foot of the page, which sinks while the players above it load. */
const toFoot = (page) => page.evaluate(async () => {
  const control = document.querySelector("keep-offline");
  while (!control.matches(":defined")) {
    control.scrollIntoView();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

/** Asks for the whole book at the foot of the page. */
async function keepWhole(page) {
  await toFoot(page);
  await page.getByRole("button", { name: /^Keep the whole book on this device \(\d\.\d MB\)$/ }).click();
  await page.getByText("The whole book is kept on this device").waitFor({ timeout: 5 * 60_000 }); // a thousand files
}

/** The files that are kept and are not what the list of their build says, and how many builds are kept. */
const unsound = (page) => page.evaluate(async (home) => {
  const names = (await caches.keys()).filter((name) => name.startsWith("book "));
  const cache = await caches.open(names[0]);
  const { files } = await (await cache.match(`${home}/offline.json`)).json();
  const wrong = names.slice(1);
  for (const { url } of await cache.keys()) {
    const path = url.slice(home.length + 1);
    if (path === "offline.json") continue;
    const digest = await crypto.subtle.digest("SHA-256", await (await cache.match(url)).arrayBuffer());
    const hash = [...new Uint8Array(digest, 0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (files[path] !== hash) wrong.push(path);
  }
  return wrong;
}, site.home);

scenario("a page that was read can be read offline, and one that was not says so", async (visit) => {
  const page = await read(visit, READ);
  const [title, face] = [await heading(page), await paper(page)];
  site.isDown = true;
  await page.reload();
  assert.deepEqual([await heading(page), await paper(page)], [title, face], "expected the page as it was");
  await page.goto(site.home + UNREAD);
  assert.equal(await heading(page), "You are offline");
  const links = page.locator("kept-pages a");
  await links.first().waitFor();
  assert.deepEqual(await links.evaluateAll((links) => links.map((link) => link.href)), [site.home + READ]);
  site.isDown = false;
  await page.reload();
  assert.equal(await heading(page), "Glossary");
});

scenario("the whole book can be kept, read and searched offline, and removed again", async (visit) => {
  const page = await read(visit, READ);
  await keepWhole(page);
  site.isDown = true;
  await page.goto(site.home + UNREAD);
  assert.equal(await heading(page), "Glossary");
  await page.keyboard.press("/");
  await page.keyboard.type("spawn_blocking");
  await page.locator("site-search li mark").first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "hidden" });
  await page.goto(site.home + RUN.page);
  const player = await playerOf(page, RUN);
  await button(player, "Step forward").click();
  await reach(player, RUN, 1);
  await page.locator("main a[href*='/glossary/#']").first().hover();
  await page.locator("term-card p").waitFor();
  await toFoot(page);
  await page.getByRole("button", { name: "Remove the book from this device" }).click();
  await page.getByRole("button", { name: /^Keep the whole book/ }).waitFor();
  await page.goto(site.home + UNREAD);
  assert.equal(await heading(page), "You are offline");
});

scenario("a book that cannot be fetched whole says so and stays readable", async (visit) => {
  const page = await read(visit, READ);
  await toFoot(page);
  const keep = page.getByRole("button", { name: /^Keep the whole book/ });
  await keep.waitFor();
  site.isDown = true;
  await keep.click();
  await page.getByText("Not everything could be fetched.").waitFor();
  await page.reload();
  assert.notEqual(await heading(page), "You are offline");
});

scenario("a new build replaces all that is kept, and nothing of two builds is mixed", async (visit) => {
  const page = await read(visit, READ);
  await keepWhole(page);
  const [before] = await page.evaluate(() => caches.keys());
  // A page changes before the worker knows: it is shown, and not kept among the files of the older build.
  site.change("glossary/index.html", ">Glossary</h1>", ">Words</h1>");
  await page.goto(site.home + UNREAD);
  assert.equal(await heading(page), "Words");
  assert.deepEqual(await unsound(page), [], "expected the older build alone");
  site.publish("pin/index.html", ">Pin</h1>", ">Pins</h1>");
  await page.reload();
  await page.evaluate(async (before) => {
    const isReplaced = async () => (await caches.keys()).every((name) => name !== before);
    while (!await isReplaced()) await new Promise((resolve) => setTimeout(resolve, 50));
  }, before);
  assert.deepEqual(await unsound(page), [], "expected the newer build alone");
  site.isDown = true;
  for (const [path, title] of [[UNREAD, "Words"], ["/pin/", "Pins"]]) {
    await page.goto(site.home + path);
    assert.equal(await heading(page), title, `${path}: expected the newer build, whole as the older one was`);
  }
});

scenario("the worker is not in the way of the Playground", async (visit) => {
  const page = await read(visit, READ);
  await page.reload(); // under the worker from the start
  let asked = 0;
  await page.route("https://play.rust-lang.org/execute", (route) => {
    asked += 1;
    return route.fulfill({
      headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type" },
      json: { success: true, exitDetail: "", stdout: "1\n", stderr: "     Running `target/debug/playground`\n" },
    });
  });
  const program = page.locator("figure.code:has(run-code)").first();
  await program.scrollIntoViewIfNeeded();
  await program.getByRole("button", { name: "Run", exact: true }).click();
  await program.getByText("It ran to the end and printed:").waitFor();
  assert.ok(asked > 0, "expected the Playground to be asked");
});
