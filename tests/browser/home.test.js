// The first page: what this is in one screen, then the whole book, then the ways in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { scenario } from "./browser.js";
import { htmlOf, ROOT } from "./site.js";

const MOST = { nodes: 1500, bytes: 45_000 };

scenario("the first screen says what this is, shows a program, and leads in", async (visit) => {
  const page = await visit("/", { width: 1440, height: 900 });
  for (const selector of ["h1", ".hero .lede", ".start a", ".first pre"]) {
    const { bottom } = await page.locator(selector).first().evaluate((it) => it.getBoundingClientRect().toJSON());
    assert.ok(bottom <= 900, `${selector} ends at ${bottom} px`);
  }
});

scenario("every chapter of the outline is on the first page: with a link, or to come", async (visit) => {
  const page = await visit("/");
  const chapters = readFileSync(`${ROOT}/content/outline.toml`, "utf8").match(/^\[\[part\.chapter\]\]$/gm).length;
  const rows = await page.locator(".parts ol > li").evaluateAll((all) => all.map((it) => [it.querySelector("a") !== null, it.textContent]));
  assert.equal(rows.length, chapters);
  for (const [isLinked, text] of rows) assert.ok(isLinked || text.includes("to come"), text);
  const titles = await page.locator(".ways h3").allTextContents();
  assert.ok(titles.length >= 5, titles.join());
});

scenario("the first page is small", async (visit) => {
  const page = await visit("/");
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  const bytes = Buffer.byteLength(htmlOf("/"));
  assert.ok(nodes <= MOST.nodes, `${nodes} elements`);
  assert.ok(bytes <= MOST.bytes, `${bytes} bytes`);
});
