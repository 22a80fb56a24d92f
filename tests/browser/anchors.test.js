// A link to a heading or a card lands on it at once, and what stands above it does not move any more.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { scenario } from "./browser.js";
import { BASE, fileOf, PAGES, pathOf } from "./site.js";

const TOLERANCE = 8; // pixels
const BELOW_EDGE = 68; // where a heading lands: scroll-padding of static/css/base.css
const textOf = (path) => readFileSync(fileOf(pathOf(path)), "utf8");
const LONGEST = PAGES.filter((path) => textOf(path).includes("<quiz-card")).sort((a, b) => textOf(a).length - textOf(b).length).at(-1);

/** How far the target of the address is from where it belongs; nothing where the page ends before it can. */
const distance = (page) => page.evaluate((edge) => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  return isAtEnd ? 0 : Math.round(target.getBoundingClientRect().top - edge);
}, BELOW_EDGE);

/** Until every element near the window is there and its scripts have run. */
const settled = async (page) => {
  await page.waitForLoadState("load");
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => ![...document.querySelectorAll("main :not(:defined, [remembered])")].some((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && element.checkVisibility();
  }));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
};

for (const width of [375, 1440]) {
  scenario(`a link to any heading of the longest chapter lands on it (${width} px)`, async (visit) => {
    const first = await visit(LONGEST, { width });
    const ids = await first.evaluate(() => [...document.querySelectorAll("main :is(h2, h3, h4)[id], main .card[id]")].map(({ id }) => id));
    assert.ok(ids.length > 10, `${LONGEST} has ${ids.length} headings`);
    const off = [];
    for (const id of ids) {
      const page = await first.context().newPage();
      await page.goto(`${first.url()}#${id}`);
      await settled(page);
      const pixels = await distance(page);
      if (Math.abs(pixels) > TOLERANCE) off.push(`#${id} is ${pixels} px off`);
      await page.close();
    }
    assert.deepEqual(off, [], `${LONGEST} at ${width} px: expected each at its place`);
  });

  scenario(`the elements of a chapter leave its text where it is (${width} px)`, async (visit) => {
    const page = await visit(LONGEST, { width });
    await settled(page);
    const moved = await page.evaluate(async (scripts) => {
      const blocks = [...document.querySelectorAll("main > article > *")];
      const heights = blocks.map((block) => block.getBoundingClientRect().height);
      const names = new Set([...document.querySelectorAll("article :not(:defined)")].map(({ localName }) => localName));
      await Promise.all([...names].map((name) => import(`${scripts}${name}.js`)));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return blocks.flatMap((block, at) => {
        const grown = block.getBoundingClientRect().height - heights[at];
        return Math.abs(grown) > 1 ? [`${block.outerHTML.slice(0, 80)} grows by ${grown} px`] : [];
      });
    }, new URL("js/", new URL(BASE.pathname.replace(/\/?$/, "/"), page.url())).href);
    assert.deepEqual(moved, [], `${LONGEST} at ${width} px: expected nothing to change its height`);
  });
}

scenario("contents and search leap to a section, without scrolling through the chapter", async (visit) => {
  const page = await visit(LONGEST, { width: 1440 });
  await settled(page);
  const everyChapterHas = ["recap", "quiz", "exercises", "in-production", "coming-from-asyncio", "second-reading"].map((id) => `[href="#${id}"]`);
  const link = page.locator(`.page-contents follow-scroll > ol > li > a:not(${everyChapterHas})`).last();
  const id = (await link.getAttribute("href")).slice(1);
  await link.click();
  await page.waitForTimeout(100); // no time for forty thousand pixels
  assert.ok(Math.abs(await distance(page)) <= TOLERANCE, `#${id} from the contents`);

  await page.evaluate(() => scrollTo(0, 0));
  await page.keyboard.press("/");
  const heading = await page.locator(`#${id}`).textContent();
  await page.locator("site-search input").fill(`${heading} ${await page.locator("h1").textContent()}`);
  const result = page.locator(`site-search ol a[href$="${LONGEST}#${id}"]`);
  await result.click();
  await settled(page);
  assert.ok(Math.abs(await distance(page)) <= TOLERANCE, `#${id} from the search`);
});
