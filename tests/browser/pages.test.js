// Every page of the site: whole, readable at each width, and without barriers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { scenario } from "./browser.js";
import { button, playerOf, reach } from "./runs.js";
import { PAGES, RUNS } from "./site.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GUIDE = RUNS.find((run) => run.name === "guide-doorbell");
const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01"));
const PART = PAGES.find((path) => /^\/part1[^/]*\/$/.test(path));

/** What sticks out to the side of the window. */
const sticking = (page) => page.evaluate(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const scrolls = (element) => element && (/(auto|scroll|hidden|clip)/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) { // a text that sticks out widens no element
    const range = new Range();
    range.selectNodeContents(texts.currentNode);
    if (range.getBoundingClientRect().right > clientWidth + 1 && !scrolls(texts.currentNode.parentElement)) found.push(texts.currentNode.data.slice(0, 120));
  }
  return found.length ? found : [`the page is ${scrollWidth} px wide`];
});

// One visit for all of it: most of a visit is the loading of the page.
scenario("every page is no wider than a phone, and sound HTML with pictures that load, one title and headings in order", async (visit) => {
  for (const path of PAGES) {
    const page = await visit(path, { width: 320, height: 700, expectErrors: path === "/404.html" });
    for (const width of [320, 375]) {
      await page.setViewportSize({ width, height: 700 });
      assert.deepEqual(await sticking(page), [], `${path} at ${width} px: expected nothing to stick out to the side`);
    }
    await page.setViewportSize({ width: 1280, height: 900 }); // pictures have a size on a desk, too
    const faults = await page.evaluate(async () => {
      const found = [];
      const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
      for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`the id ${id} stands there twice`);
      for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby], [for]")) {
        for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
          const missing = (element.getAttribute(name) ?? "").split(" ").filter((id) => id && !ids.includes(id));
          for (const id of missing) found.push(`${name} names ${id}, which is not there`);
        }
      }
      for (const image of document.images) {
        image.loading = "eager";
        await image.decode().catch(() => found.push(`the image ${image.src} does not load`));
        if (!image.hasAttribute("alt")) found.push(`the image ${image.src} has no alt`);
      }
      for (const svg of document.querySelectorAll("main figure svg")) {
        const { width, height } = svg.getBoundingClientRect();
        if (svg.checkVisibility() && !(width && height)) found.push(`a picture has no size: ${svg.outerHTML.slice(0, 80)}`);
      }
      const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) => Number(heading.localName[1]));
      if (levels.filter((level) => level === 1).length !== 1) found.push("expected one h1");
      levels.forEach((level, at) => at && level > levels[at - 1] + 1 && found.push(`heading ${at + 1} skips a level`));
      if (!document.documentElement.lang || !document.title) found.push("expected a language and a title");
      if (document.compatMode !== "CSS1Compat") found.push("expected <!DOCTYPE html> at the start");
      const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      if (fresh.querySelector("p > p, a a, button a, p > figure")) found.push("elements stand where they must not");
      return found;
    });
    assert.deepEqual(faults, [], `${path}: expected sound HTML`);
    await page.close();
  }
});

for (const [path, run] of [["/"], [PART], [CHAPTER.page, CHAPTER], [GUIDE.page, GUIDE]]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[375, 900], [1280, 700]]) { // 700: the contents of a chapter are longer than the window
      scenario(`axe finds nothing on ${path} (${colorScheme}, ${width} px${run ? ", a player open" : ""})`, async (visit) => {
        const page = await visit(path, { width, height, colorScheme, reducedMotion: "reduce" });
        if (run) {
          const player = await playerOf(page, run);
          await button(player, "Step forward").click();
          await reach(player, run, 1);
          const stop = run.steps.findIndex((step) => step.kind === "wake") + 1;
          for (let number = 2; number <= stop; number += 1) await button(player, "Step forward").click();
          await reach(player, run, stop);
        }
        await page.evaluate(AXE);
        const violations = await page.evaluate(async () => {
          const { violations } = await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
          return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target} ${node.any[0]?.message ?? ""}`));
        });
        assert.deepEqual(violations, [], `${path} in ${colorScheme} at ${width} px: expected no barrier`);
      });
    }
  }
}
