// What the book remembers of its reader: chapters begun and read, exercises ticked off, answers given.
import assert from "node:assert/strict";
import { address, scenario } from "./browser.js";
import { RUNS, pathOf } from "./site.js";

const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const HERE = pathOf(CHAPTER);
const KEY = "async-rust-progress";

const box = (page, name) => page.getByRole("checkbox", { name, exact: true });
const marks = (page, scope) => page.locator(`${scope} a[data-state]`).evaluateAll((links) => links.map((link) => link.parentElement.textContent.match(/, (read|in progress)/)[1]));
const kept = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), KEY);
const scrollTo = async (page, selector) => {
  await page.mouse.move(500, 500);
  await page.mouse.wheel(0, 50);
  await page.locator(selector).first().evaluate((element) => element.scrollIntoView({ block: "start", behavior: "instant" }));
};
/** Waits until it is kept that the chapter was read as far as a section: the section `at`, or any. */
const readTo = (page, at) => page.waitForFunction(([key, path, at]) => {
  const kept = JSON.parse(localStorage.getItem(key))?.pages[path]?.at;
  return at ? kept === at : kept;
}, [KEY, HERE, at]);

/** Opens another page in the same window, as the reader comes back. */
const back = async (page, path) => {
  await page.goto(address(path));
  return page;
};

/** How far down the page everything stands, once its faces and what it loads by itself are there. */
const places = async (page) => {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => [...document.querySelectorAll("copy-code, run-code")].every((element) => element.matches(":defined") || element.getBoundingClientRect().top > innerHeight));
  return page.locator("main :is(h1, h2, p, ol, li, pre), .colophon > p").evaluateAll((all) => all.map((element) => element.getBoundingClientRect().top + scrollY));
};
/** What is remembered of a reader who is in one chapter and has done two of its exercises. */
const PROGRESS = {
  v: 1, last: HERE, pages: { [HERE]: { title: "Why async exists", at: "would-block", section: "The other answer: not now" } },
  ticks: { ch01_first_join: true, ch01_poll_by_hand: true, ch01_long_gone: true }, answers: {},
};
const remembered = (page) => page.addInitScript(([key, value]) => localStorage.setItem(key, value), [KEY, JSON.stringify(PROGRESS)]);

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
  await readTo(page, "would-block");
  assert.deepEqual(await marks(page, ".book-contents"), ["in progress"]);
  await back(page, "/");
  const link = page.getByRole("link", { name: /^Continue: / });
  await link.waitFor();
  assert.equal(await link.textContent(), "Continue: Why async exists The other answer: not now");
  await link.click();
  await page.waitForURL(address(`${CHAPTER}#would-block`));
});

scenario("whoever enters in the middle of a chapter, or leaps there at once, is in it all the same", async (visit) => {
  const page = await visit(`${CHAPTER}#latency-hiding`, { height: 500 });
  await page.mouse.move(500, 300);
  await page.mouse.wheel(0, 3000);
  await readTo(page);
  await page.reload();
  await page.locator(".book-contents a[data-state]").waitFor();
  await page.getByText("Solid line: read. Broken line: in progress.").waitFor();
});

scenario("the name of a section is its heading alone, with the pointer on it too", async (visit) => {
  const page = await visit(CHAPTER);
  const heading = page.locator("#would-block");
  await heading.hover();
  await heading.getByRole("button").waitFor();
  await scrollTo(page, "#would-block");
  await readTo(page, "would-block");
  assert.equal((await kept(page)).pages[HERE].section, "The other answer: not now");
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

scenario("lists of chapters count the exercises that are done", async (visit) => {
  const page = await visit("/part1-foundations/", { prepare: remembered });
  await page.getByText("2 of 6 exercises").waitFor();
  await page.getByText("45 minutes, in progress").waitFor();
});

scenario("nothing stands elsewhere because something is remembered", async (visit) => {
  const shows = { "/": "continue-reading small", "/part1-foundations/": ".lanes a[data-state]", [CHAPTER]: "reading-state input" };
  for (const width of [320, 375, 1280]) {
    for (const [path, sign] of Object.entries(shows)) {
      const first = await visit(path, { width });
      const later = await visit(path, { width, prepare: remembered });
      await later.locator(sign).waitFor();
      await later.locator("forget-progress button").waitFor();
      assert.deepEqual(await places(later), await places(first), `${path} at ${width} px`);
    }
  }
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
  assert.equal(await page.locator("quiz-card [aria-pressed=true]").count(), 1, "expected the other questions without an answer");
});

scenario("an answer stays when the question's lines end elsewhere in the source", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "quiz-card");
  const card = page.locator("quiz-card").first();
  await card.getByRole("button").nth(1).click();
  await page.evaluate(([key, path]) => {
    const kept = JSON.parse(localStorage.getItem(key));
    const [[question, choice]] = Object.entries(kept.answers[path]);
    kept.answers[path] = { [question.replaceAll(" ", "\n")]: choice };
    localStorage.setItem(key, JSON.stringify(kept));
  }, [KEY, HERE]);
  await back(page, CHAPTER);
  await scrollTo(page, "quiz-card");
  await card.locator("[aria-pressed=true]").waitFor();
  assert.equal(await page.locator("quiz-card [aria-pressed=true]").count(), 1);
});

scenario("all of it can be forgotten by keyboard, after a question", async (visit) => {
  const page = await visit(CHAPTER);
  await scrollTo(page, "#would-block");
  await scrollTo(page, ".colophon");
  const forget = page.getByRole("button", { name: "Forget my progress" });
  const says = page.locator("forget-progress [role=status]");
  await page.getByText(/^Remembered in this browser alone/).waitFor();
  await forget.focus();
  await page.keyboard.press("Enter");
  assert.match(await says.textContent(), /^Press again/);
  await page.keyboard.press("Tab");
  assert.match(await says.textContent(), /^Remembered/, "expected a question that is withdrawn when the reader goes on");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  assert.notEqual(await kept(page), null);
  await page.keyboard.press("Enter");
  assert.equal(await says.textContent(), "It is forgotten.");
  assert.equal(await kept(page), null);
  assert.ok(await forget.evaluate((button) => button === document.activeElement), "expected the focus where it was");
  assert.deepEqual(await marks(page, ".book-contents"), []);
  await back(page, "/");
  await page.mouse.move(300, 300);
  await page.getByRole("link", { name: "Start reading" }).waitFor();
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

for (const damaged of ["{", "null", "[]", `{"v":1}`, `{"v":1,"pages":[],"ticks":{},"answers":{}}`, `{"v":2,"pages":{},"ticks":{},"answers":{}}`, `{"v":1,"pages":{},"ticks":{},"answers":{"${HERE}":"x"}}`]) {
  scenario(`what is damaged counts as nothing: ${damaged}`, async (visit) => {
    const prepare = (page) => page.addInitScript(([key, value]) => sessionStorage.begun ?? ((sessionStorage.begun = "1"), localStorage.setItem(key, value)), [KEY, damaged]);
    const page = await visit(CHAPTER, { prepare });
    assert.ok(!await box(page, "Read").isChecked());
    await box(page, "Read").check();
    await scrollTo(page, "quiz-card");
    await page.locator("quiz-card").first().getByRole("button").first().click();
    await page.locator("quiz-card [aria-pressed=true]").waitFor();
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
  await page.locator("[role=status]").getByText("Copied", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address(`${CHAPTER}#would-block`));
  await page.getByRole("heading", { name: "The other answer: not now", exact: true }).waitFor();
  await page.locator("#tokio-net").hover();
  assert.equal(await page.locator("#tokio-net button").count(), 0, "expected the button to stay where the focus is");
  await page.locator("#would-block a").focus();
  await page.mouse.move(0, 0);
  await page.locator("#tokio-net").hover();
  await page.locator("#tokio-net button").waitFor();
  assert.equal(await page.getByRole("button", { name: "Copy link" }).count(), 1, "expected one such button on the page");
});

scenario("a heading that offers its address does not move, however narrow the window", async (visit) => {
  const page = await visit(CHAPTER, { width: 320 });
  for (const heading of await page.locator("article > :is(h2, h3)").all()) {
    const { height } = await heading.boundingBox();
    await heading.locator("a").focus();
    await heading.getByRole("button").waitFor();
    assert.equal((await heading.boundingBox()).height, height, await heading.textContent());
  }
});

scenario("where the clipboard is refused, the address bar has the address, and a voice says so", async (visit) => {
  const prepare = (page) => page.addInitScript(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("refused"))));
  const page = await visit(CHAPTER, { prepare, hasTouch: true });
  await page.locator("#tokio-net").tap();
  await page.getByRole("button", { name: "Copy link" }).tap();
  await page.locator("[role=status]").getByText("It is in the address bar").waitFor();
  assert.equal(page.url(), address(`${CHAPTER}#tokio-net`));
});
