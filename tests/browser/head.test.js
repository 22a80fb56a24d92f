// The line at the top of the page: it stays, makes way for the text, and leads around.
import assert from "node:assert/strict";
import { scenario } from "./browser.js";
import { PAGES, RUNS, htmlOf } from "./site.js";

const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const head = (page) => page.evaluate(() => Math.round(document.querySelector(".masthead").getBoundingClientRect().bottom));
const until = (page, isThere) => page.waitForFunction((isThere) => (document.querySelector(".masthead").getBoundingClientRect().bottom > 10) === isThere, isThere);
const wheel = async (page, pixels) => {
  await page.mouse.move(page.viewportSize().width / 2, 400);
  await page.mouse.wheel(0, pixels);
};
/** Until the head listens, as it does from the first sign of a reader on. */
const awake = async (page) => {
  await page.mouse.move(200, 300);
  await page.evaluate(() => import(new URL("page-head.js", document.querySelector("script[type=module]").src)));
};
const turned = (page, key) => Promise.all([page.waitForEvent("framenavigated"), page.keyboard.press(key)]);

for (const width of [375, 1440]) {
  scenario(`the head goes away while the reader scrolls down, and returns (${width} px)`, async (visit) => {
    const page = await visit(CHAPTER, { width, height: 800 });
    await awake(page);
    const top = await head(page);
    await wheel(page, 9000);
    await until(page, false);
    await wheel(page, -300);
    await until(page, true);
    await page.waitForFunction((top) => Math.round(document.querySelector(".masthead").getBoundingClientRect().bottom) === top, top);
    assert.match(await page.locator(".here").textContent(), /^.+ · .+/, "expected the page and its section");
  });

  scenario(`the head covers no heading that a link leads to (${width} px)`, async (visit) => {
    const page = await visit(CHAPTER, { width, height: 800 });
    const ids = await page.evaluate(() => [...document.querySelectorAll("article > :is(h2, h3)[id]")].map(({ id }) => id).reverse());
    for (const id of ids.slice(0, 12)) { // upwards, where it returns
      await page.evaluate((id) => (location.hash = id), id);
      await page.waitForTimeout(250);
      const [bottom, at] = [await head(page), await page.evaluate((id) => document.getElementById(id).getBoundingClientRect().top, id)];
      assert.ok(at >= bottom - 1, `#${id} begins at ${at} px, the head ends at ${bottom}`);
    }
  });
}

scenario("a list of contents opens over the text, which keeps its place, and closes", async (visit) => {
  const page = await visit(CHAPTER, { width: 375, height: 700 });
  await wheel(page, 3000);
  await wheel(page, -200);
  await until(page, true);
  await page.waitForTimeout(300);
  const place = () => page.evaluate(() => Math.round(document.querySelector("article").getBoundingClientRect().top));
  const before = await place();
  const button = page.getByRole("button", { name: "On this page" });
  await button.click();
  await page.locator("[data-opens=page-contents][aria-expanded=true]").waitFor();
  assert.equal(await place(), before, "expected the text to stay");
  assert.ok(await page.evaluate(() => document.activeElement.closest(".page-contents")), "expected the focus in the list");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.opens), "page-contents", "expected the focus back");
  assert.equal(await place(), before);
  await button.click();
  await page.locator("[data-over] a").last().click();
  assert.equal(await page.locator("[data-over]").count(), 0, "expected a choice to close it");
  assert.match(page.url(), /#./);
});

scenario("the arrows turn the page, but not where they have another task", async (visit) => {
  const page = await visit(CHAPTER);
  await awake(page);
  const next = await page.locator(".pager [rel=next]").getAttribute("href");
  for (const place of ["pre[tabindex]", ".run-lanes"]) {
    await page.locator(place).first().focus();
    await page.keyboard.press("ArrowRight");
  }
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  assert.ok(page.url().endsWith(CHAPTER), "expected the page to stay");
  await page.evaluate(() => document.activeElement.blur());
  await turned(page, "ArrowRight");
  assert.equal(page.url(), next);
  await page.waitForLoadState("networkidle");
  await turned(page, "ArrowLeft"); // its first sign of a reader
  assert.ok(page.url().endsWith(CHAPTER));
});

scenario("every page but the first has a way to its neighbors and back to its head", async (visit) => {
  const links = htmlOf(CHAPTER).match(/<nav class="book-contents[^]*?<\/nav>/)[0];
  const listed = PAGES.filter((path) => path !== "/" && links.includes(`${path}"`));
  assert.ok(listed.length > 15, `${listed.length} pages in the contents`);
  const without = listed.filter((path) => !/rel="?(next|prev)"?/.test(htmlOf(path).split("</main>")[0]));
  assert.deepEqual(without, []);
  await visit("/");
});
