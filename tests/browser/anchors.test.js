// A link to a heading or a card lands on it at once, and what stands above it does not move anymore.
import assert from "node:assert/strict";
import { scenario } from "./browser.js";
import { expected, reach, shown } from "./runs.js";
import { BASE, htmlOf, PAGES, RUNS } from "./site.js";

const TOLERANCE = 8; // pixels
const BELOW_EDGE = 68; // where a heading lands: scroll-padding of static/css/base.css
const ABOVE_PICTURE = 16; // the least room below a line that runs: scroll-margin of static/css/run-player.css
const runsOf = (path) => RUNS.filter((run) => run.page === path).length;
const LONGEST = PAGES.filter((path) => htmlOf(path).includes("<quiz-card")).sort((a, b) => htmlOf(a).length - htmlOf(b).length).at(-1);

const WITH_RUNS = RUNS.map(({ page }) => page).sort((a, b) => runsOf(a) - runsOf(b)).at(-1);

/** How far the target of the address is from where it belongs; nothing where the page ends before it can. */
const distance = (page) => page.evaluate((edge) => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  return isAtEnd ? 0 : Math.round(target.getBoundingClientRect().top - edge);
}, BELOW_EDGE);

/** How far a player is from the head of the window, and the line that runs from the edge of the picture, to which it is scrolled if it would be behind it. */
const placeOf = (player, [edge, room]) => {
  const [picture, line] = [".run", "[aria-current=step]"].map((it) => player.querySelector(it).getBoundingClientRect());
  return { top: Math.round(player.getBoundingClientRect().top - edge), line: Math.round(picture.top - line.bottom - room) };
};

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

// A slow line, on which the text is there before its looks, these before what scripts do, and the faces come last.
const SLOW_LINE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }; // ms, bytes a second
const LATER = { stylesheet: 300, script: 300, fetch: 300, font: 1500 }; // ms
const onSlowLine = async (page) => {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", SLOW_LINE);
  await page.route(/\.(css|js|json|woff2)(\?|$)/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, LATER[route.request().resourceType()]));
    await route.continue().catch(() => {}); // the page is closed
  });
};

/** Some headings of a page, from its head to its foot. */
const some = (page) => page.evaluate(() => {
  const ids = [...document.querySelectorAll("main > article > :is(h2, h3)[id]")].map(({ id }) => id);
  return [0.1, 0.4, 0.7, 0.95].map((share) => ids[Math.floor(share * ids.length)]);
});

for (const width of [375, 1440]) {
  scenario(`a link lands on its heading on a slow line, too (${width} px)`, async (visit) => {
    const first = await visit(LONGEST, { width });
    const off = await Promise.all((await some(first)).map(async (id) => {
      const page = await first.context().newPage();
      await onSlowLine(page);
      await page.goto(`${first.url()}#${id}`);
      await settled(page);
      const pixels = await distance(page);
      await page.close();
      return Math.abs(pixels) > TOLERANCE ? [`#${id} is ${pixels} px off`] : [];
    }));
    assert.deepEqual(off.flat(), [], `${LONGEST} at ${width} px: expected each at its place`);
  });

  scenario(`back and forward lead to where the reader was (${width} px)`, async (visit) => {
    const page = await visit(LONGEST, { width });
    await settled(page);
    const longest = page.url();
    const [, one, other] = await some(page);
    const follow = (href) => page.evaluate((href) => {
      const link = Object.assign(document.createElement("a"), { href });
      document.body.append(link);
      link.click();
      link.remove();
    }, href);
    const isAt = async (id, what) => {
      await page.waitForURL((url) => url.hash === `#${id}`);
      await settled(page);
      const pixels = await distance(page);
      assert.ok(Math.abs(pixels) <= TOLERANCE, `#${id}, ${what}, is ${pixels} px off`);
    };
    for (const id of [one, other]) {
      await follow(`#${id}`);
      await isAt(id, "by a link");
    }
    await page.goBack();
    await isAt(one, "back from the next heading");
    await page.goForward();
    await isAt(other, "forward again");

    const next = await page.locator(".pager [rel=next]").getAttribute("href");
    await follow(next);
    await page.waitForURL(next);
    await settled(page);
    const [, there] = await some(page);
    await follow(`#${there}`);
    await isAt(there, "on the next page");
    await page.goBack();
    await page.goBack();
    await isAt(other, "back from the next page");
    await page.goForward();
    await page.goForward();
    await isAt(there, "forward to the next page");

    // Who has read on from a heading comes back to that place.
    await page.evaluate(() => scrollBy(0, 500));
    await settled(page);
    const before = await distance(page);
    await follow(longest);
    await page.waitForURL((url) => url.pathname.endsWith(LONGEST));
    await settled(page);
    await page.goBack();
    await page.waitForURL((url) => url.hash === `#${there}`);
    await settled(page);
    const after = await distance(page);
    assert.ok(Math.abs(after - before) <= TOLERANCE, `expected the place where the reader was, found one ${after - before} px off`);
  });

  scenario(`a link to a step opens its player in view, on a slow line, too (${width} px)`, async (visit) => {
    const runs = RUNS.filter((run) => run.page === WITH_RUNS);
    const first = await visit(WITH_RUNS, { width });
    const off = await Promise.all([[runs.at(0), "highest"], [runs.at(-1), "lowest"]].map(async ([run, place]) => {
      const lines = run.steps.map(({ line }) => line).filter(Boolean);
      const step = 1 + run.steps.findIndex(({ line }) => line === Math[place === "highest" ? "min" : "max"](...lines));
      const page = await first.context().newPage();
      await page.setViewportSize({ width, height: place === "highest" ? 800 : 600 }); // where the program does not fit above the picture
      await onSlowLine(page);
      await page.goto(`${first.url()}#run=${run.name}&step=${step}`);
      const player = page.locator("run-player", { has: page.locator(`[data-run="${run.name}"]`) });
      await reach(player, run, step);
      await settled(page);
      assert.deepEqual(await shown(player), expected(run, step), `${run.name}, step ${step}`);
      const { top, line } = await player.evaluate(placeOf, [BELOW_EDGE, ABOVE_PICTURE]);
      await page.close();
      const isThere = Math.abs(place === "highest" ? top : line) <= TOLERANCE;
      return isThere ? [] : [`${run.name}, step ${step}, with its ${place} line: its top is ${top} px off, its line ${line} px`];
    }));
    assert.deepEqual(off.flat(), [], `${WITH_RUNS} at ${width} px: expected each at its place`);
  });
}
