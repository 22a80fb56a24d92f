// What the book remembers of its reader: chapters begun and read, exercises ticked off, answers given.
import assert from "node:assert/strict";
import { address, scenario } from "./browser.js";
import { RUNS } from "./site.js";

const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const KEY = "async-rust-progress";

const box = (page, name) => page.getByRole("checkbox", { name, exact: true });
const marks = (page, scope) => page.locator(`${scope} a[data-state]`).evaluateAll((links) => links.map((link) => link.parentElement.textContent.match(/, (read|in progress)/)[1]));
const kept = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), KEY);
const scrollTo = async (page, selector) => {
  await page.mouse.move(500, 500);
  await page.mouse.wheel(0, 50);
  await page.locator(selector).first().evaluate((element) => element.scrollIntoView({ block: "start", behavior: "instant" }));
};
/** Waits until what is kept passes a test. */
const until = (page, test, argument) => page.waitForFunction(`(${test})(JSON.parse(localStorage.getItem("${KEY}")), ${JSON.stringify(argument)})`);

/** Opens another page in the same window, as the reader comes back. */
const back = async (page, path) => {
  await page.goto(address(path));
  return page;
};

scenario("whoever only looks leaves no trace", async (visit) => {
  const page = await visit("/");
  await page.mouse.move(300, 300);
  const link = page.getByRole("link", { name: "Start reading" });
  await link.waitFor();
  await back(page, CHAPTER);
  assert.equal(await kept(page), null);
});

scenario("a chapter is in progress from its first heading, and the way in leads back to the section", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "#would-block");
  await until(page, `(kept, path) => kept?.pages[path]?.at === "would-block"`, new URL(address(CHAPTER)).pathname);
  assert.deepEqual(await marks(page, ".book-contents"), ["in progress"]);
  await back(page, "/");
  const link = page.getByRole("link", { name: /^Continue: / });
  await link.waitFor();
  assert.equal(await link.textContent(), "Continue: The other answer: not now");
  await link.click();
  await page.waitForURL(address(`${CHAPTER}#would-block`));
});

scenario("a chapter whose end was in view is read, and the reader may say otherwise", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "#recap");
  await scrollTo(page, ".pager");
  await page.waitForFunction(() => document.querySelector("reading-state input")?.checked);
  await back(page, "/part1-foundations/");
  await page.locator(".lanes a[data-state]").waitFor();
  assert.deepEqual(await marks(page, ".lanes"), ["read"]);
  await back(page, CHAPTER);
  await box(page, "Read").uncheck();
  await back(page, "/part1-foundations/");
  await page.locator(".lanes a[data-state]").waitFor();
  assert.deepEqual(await marks(page, ".lanes"), ["in progress"]);
});

scenario("exercises are ticked off by keyboard, and stay so", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, ".exercises");
  await box(page, "ch01_first_join is done").focus();
  await page.keyboard.press("Space");
  await back(page, CHAPTER);
  await scrollTo(page, ".exercises");
  assert.ok(await box(page, "ch01_first_join is done").isChecked());
  assert.ok(!await box(page, "ch01_find_the_block is done").isChecked());
});

scenario("an answer is there when the reader comes back, and its explanation stays folded", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "quiz-card");
  const card = page.locator("quiz-card").first();
  await card.getByRole("button").nth(1).click();
  const verdict = await card.locator("> p[role=status]").textContent();
  await back(page, CHAPTER);
  await scrollTo(page, "quiz-card");
  await card.locator("[aria-pressed=true]").waitFor();
  assert.equal(await card.locator("> p[role=status]").textContent(), verdict);
  assert.equal(await card.locator("details[open]").count(), 0);
});

scenario("all of it can be forgotten, after a question", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "#would-block");
  await scrollTo(page, ".colophon");
  const forget = page.locator("forget-progress button");
  await forget.click();
  assert.equal(await forget.textContent(), "Press again to forget it");
  assert.notEqual(await kept(page), null);
  await forget.click();
  await page.getByText("It is forgotten.").waitFor();
  assert.equal(await kept(page), null);
  assert.deepEqual(await marks(page, ".book-contents"), []);
});

scenario("another window hears of it at once", async (visit) => {
  const page = await visit(CHAPTER);
  const other = await page.context().newPage();
  await other.goto(address("/part1-foundations/"));
  await other.mouse.move(300, 300);
  await other.mouse.move(310, 300);
  await scrollTo(page, "#would-block");
  await other.locator(".lanes a[data-state]").waitFor();
  assert.deepEqual(await marks(other, ".lanes"), ["in progress"]);
});

for (const damaged of ["{", "null", "[]", `{"v":1}`, `{"v":1,"pages":[],"ticks":{},"answers":{}}`, `{"v":2,"pages":{},"ticks":{},"answers":{}}`]) {
  scenario(`what is damaged counts as nothing: ${damaged}`, async (visit) => {
    const prepare = (page) => page.addInitScript(([key, value]) => sessionStorage.begun ?? ((sessionStorage.begun = "1"), localStorage.setItem(key, value)), [KEY, damaged]);
    const page = await visit(CHAPTER, { prepare });
    assert.ok(!await box(page, "Read").isChecked());
    await box(page, "Read").check();
    await back(page, CHAPTER);
    assert.ok(await box(page, "Read").isChecked());
  });
}

scenario("a browser that keeps nothing still judges answers", async (visit) => {
  const prepare = (page) => page.addInitScript(() => Object.defineProperty(window, "localStorage", { get() { throw new DOMException("turned off", "SecurityError"); } }));
  const page = await visit(CHAPTER, { prepare });
  await scrollTo(page, "quiz-card");
  const card = page.locator("quiz-card").first();
  await card.getByRole("button").first().click();
  assert.notEqual(await card.locator("> p[role=status]").textContent(), "");
  await scrollTo(page, ".exercises");
  await box(page, "ch01_first_join is done").check();
});

scenario("a heading offers its address to pointer and keyboard", async (visit) => {
  const page = await visit(CHAPTER, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.locator("#would-block a").focus();
  await page.getByRole("button", { name: "Copy link" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Copied", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address(`${CHAPTER}#would-block`));
  await page.locator("#tokio-net").hover();
  await page.locator("#tokio-net button").waitFor();
  assert.equal(await page.getByRole("button", { name: "Copy link" }).count(), 1, "expected one such button on the page");
});
