// Words that lead to the glossary tell what they mean, and nothing is fetched before one is asked for.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { scenario } from "./browser.js";
import { RUNS } from "./site.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const THREAD = "A thread is "; // stands above the first player, which grows when it loads

const word = (page, name) => page.locator("main").getByRole("link", { name, exact: true }).and(page.locator("[href*='/glossary/#']")).first();
const card = (page) => page.locator("term-card");
const opens = (page, text) => card(page).filter({ hasText: text }).waitFor();
const closes = (page) => page.waitForFunction(() => document.querySelector("term-card").textContent === "");

scenario("a word tells its meaning under the pointer, which may go onto the card, until it leaves", async (visit) => {
  const page = await visit(CHAPTER);
  await word(page, "thread").hover();
  await opens(page, THREAD);
  assert.equal((await card(page).textContent()).includes("\n"), false, "expected the first sentence alone");
  const { x, y } = await card(page).boundingBox();
  await page.mouse.move(x + 20, y + 20, { steps: 5 });
  await page.waitForTimeout(400);
  await opens(page, THREAD);
  await page.mouse.move(5, 5);
  await closes(page);
});

scenario("a word tells its meaning on focus, and Escape closes it without moving the focus", async (visit) => {
  const page = await visit(CHAPTER);
  const thread = word(page, "thread");
  await thread.focus();
  await opens(page, THREAD);
  assert.equal(await thread.getAttribute("aria-describedby"), "term-card");
  await page.waitForTimeout(400);
  await opens(page, THREAD);
  await page.keyboard.press("Escape");
  await closes(page);
  assert.ok(await thread.evaluate((link) => link === document.activeElement), "expected the focus to stay");
  assert.equal(await thread.getAttribute("aria-describedby"), null);
});

scenario("a tap tells the meaning, a tap elsewhere closes it, and a second tap leads to the entry", async (visit) => {
  const page = await visit(CHAPTER, { width: 375, height: 700, hasTouch: true, isMobile: true });
  await word(page, "thread").tap();
  await opens(page, "Tap the word again for the whole entry.");
  await page.locator("main .lede").tap({ position: { x: 5, y: 5 } });
  await closes(page);
  await word(page, "thread").tap();
  await opens(page, THREAD);
  const { x, width } = await card(page).boundingBox();
  assert.ok(x >= 0 && x + width <= 375, "expected the card inside the window");
  await word(page, "thread").tap();
  await page.waitForURL(/\/glossary\/#thread$/);
});

scenario("nothing is fetched before a word is asked for, and the glossary only once", async (visit) => {
  const asked = [];
  const page = await visit(CHAPTER, { prepare: (page) => page.on("request", (request) => asked.push(new URL(request.url()).pathname.replace(/^.*?\/(?=js\/|glossary\/)/, ""))) });
  const of = () => asked.filter((path) => path === "js/term-card.js" || path === "glossary/");
  await word(page, "thread").scrollIntoViewIfNeeded();
  assert.deepEqual(of(), []);
  await word(page, "thread").hover();
  await opens(page, THREAD);
  await word(page, "socket").hover();
  await opens(page, "A socket is ");
  assert.deepEqual(of().sort(), ["glossary/", "js/term-card.js"]);
});

scenario("a word is a link to its entry where its meaning cannot be fetched, or there are no scripts", async (visit) => {
  const options = { width: 375, hasTouch: true, isMobile: true };
  for (const file of ["**/js/term-card.js", "**/glossary/"]) {
    const isDocument = (request) => request.resourceType() === "document";
    const prepare = (page) => page.route(file, (route) => (isDocument(route.request()) ? route.continue() : route.abort()));
    const page = await visit(CHAPTER, { ...options, prepare, expectErrors: true });
    await word(page, "thread").tap();
    await page.waitForURL(/\/glossary\/#thread$/);
  }
  const page = await visit(CHAPTER, { ...options, javaScriptEnabled: false });
  await word(page, "thread").tap();
  await page.waitForURL(/\/glossary\/#thread$/);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [375, 1280]) {
    scenario(`axe finds nothing while a word is explained (${colorScheme}, ${width} px)`, async (visit) => {
      const page = await visit(CHAPTER, { width, colorScheme });
      await word(page, "thread").hover();
      await opens(page, THREAD);
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const around = { include: [["term-card"], ["[aria-describedby=term-card]"]] }; // pages.test.js looks at all of the page
        const { violations } = await window.axe.run(around, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
        return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
      });
      assert.deepEqual(violations, [], "expected no barrier");
    });
  }
}
