// The book on paper: whole, and its pages without bad breaks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PDFDict, PDFDocument, PDFName } from "@cantoo/pdf-lib";
import { chromium } from "playwright-core";
import { installed } from "./installed.js";
import { LOOKS, open } from "./paper.js";
import { sheetsOf } from "./sheets.js";
import { BASE, htmlOf, PAGES } from "./site.js";

const MINUTE = 60_000;
const most = (part) => PAGES.map((path) => [path, htmlOf(path).split(part).length]).sort(([, a], [, b]) => a - b).at(-1)[0];

/** Fonts of a PDF that are no faces but a drawing a letter (Type 3). */
const drawnFonts = (book) => book.context.enumerateIndirectObjects()
  .filter(([, object]) => object instanceof PDFDict && object.get(PDFName.of("Subtype")) === PDFName.of("Type3"))
  .map(([reference]) => reference.toString());

test("the book on paper has every page, in the order of its contents, and links that lead inside it", { timeout: 15 * MINUTE }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "pdf-"));
  try {
    const file = join(folder, "book.pdf");
    execFileSync("node", [fileURLToPath(new URL("pdf.js", import.meta.url)), file]);
    const book = await PDFDocument.load(readFileSync(file), { updateMetadata: false });
    const sheets = sheetsOf(book);
    assert.deepEqual(drawnFonts(book), [], "expected faces, not drawings of letters");

    const html = htmlOf(PAGES.find((path) => path.startsWith("/part1")));
    const contents = /<nav class="book-contents"[\s\S]*?<\/nav>/.exec(html)[0];
    const names = [...contents.matchAll(/href="([^"]*)"/g)].map(([, address]) => address.slice(BASE.href.length).replace(/^\/|\/$/g, "").replaceAll("/", "-"));
    const begins = names.map((name) => sheets[name]);
    assert.ok(begins[0] > 2, "expected a title and contents before the first part");
    assert.deepEqual(begins, [...new Set(begins)].sort((a, b) => a - b), `expected each on a later sheet than the one before: ${names}`);

    const addresses = [];
    const targets = [];
    for (const page of book.getPages()) {
      for (const reference of page.node.Annots()?.asArray() ?? []) {
        const link = book.context.lookup(reference, PDFDict);
        const address = link.lookupMaybe(PDFName.of("A"), PDFDict)?.lookup(PDFName.of("URI"));
        if (address) addresses.push(address.decodeText());
        else targets.push(link.lookup(PDFName.of("Dest")).decodeText());
      }
    }
    assert.deepEqual(addresses.filter((address) => address.startsWith(BASE.href)), [], "expected links to pages of the book to stay inside it");
    assert.deepEqual(targets.filter((id) => !sheets[id]), [], "expected links to lead to what is there");
    assert.ok(targets.length > names.length);

    const outline = book.catalog.lookup(PDFName.of("Outlines"), PDFDict);
    const titles = [];
    for (let entry = outline.lookup(PDFName.of("First"), PDFDict); entry; entry = entry.lookupMaybe(PDFName.of("Next"), PDFDict)) {
      titles.push(entry.lookup(PDFName.of("Title")).decodeText().replaceAll("\u00a0", " "));
    }
    assert.deepEqual(titles.slice(0, 3), ["Async Rust, Step by Step", "Contents", "Foundations"]);
    assert.ok(!titles.some((title) => /^\d|^Operating/.test(title)), `expected chapters below their part, not beside it: ${titles}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/**
 * Runs in the page: gives an id to the first and the last letter of each heading with what follows it, of each short
 * program, and of each row of a table, and links to them, so that the PDF says on which sheets they stand.
 */
function mark(short) {
  const links = document.body.appendChild(document.createElement("p"));
  const isShown = (text) => text.data.trim() && text.parentElement.checkVisibility();
  const textsIn = (element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (isShown(walker.currentNode)) found.push(walker.currentNode);
    return found;
  };
  const name = (text, isEnd) => {
    const at = isEnd ? text.data.trimEnd().length - 1 : text.data.search(/\S/);
    const range = new Range();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    const id = `letter-${links.childElementCount}`;
    // A letter reaches out of a low line, at the head of a sheet into the one before.
    range.surroundContents(Object.assign(document.createElement("span"), { id, style: "position: relative; top: 4px" }));
    links.append(Object.assign(document.createElement("a"), { href: `#${id}`, textContent: "x" }), " ");
    return id;
  };
  const together = [];
  const add = (what, ids) => together.push({ what, ids });
  const said = (element) => element.textContent.trim().replaceAll(/\s+/g, " ").slice(0, 60);

  for (const heading of document.querySelectorAll("main :is(h2, h3, h4)")) {
    const end = textsIn(heading).at(-1);
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    if (end) walker.currentNode = end;
    while (end && walker.nextNode() && !isShown(walker.currentNode));
    const next = walker.currentNode;
    if (end && next !== end) add(`the heading "${said(heading)}" and what follows it`, [name(next), name(end, true)]);
  }
  for (const program of document.querySelectorAll("main pre")) {
    if (!program.checkVisibility() || program.textContent.trimEnd().split("\n").length > short) continue;
    const ids = [name(textsIn(program).at(-1), true), name(textsIn(program)[0])];
    add(`the program "${said(program)}"`, ids);
  }
  for (const row of document.querySelectorAll("main tr")) {
    const cells = [...row.cells].filter((cell) => textsIn(cell).length);
    const ids = cells.flatMap((cell) => [name(textsIn(cell).at(-1), true), name(textsIn(cell)[0])]);
    add(`the row "${said(row)}"`, ids);
  }
  return together;
}

/** Runs in the page: more rows for its last table, of up to eight lines a cell, so that some come to the foot of a sheet. */
const addRows = () => {
  const last = [...document.querySelectorAll("main tbody")].at(-1);
  for (let number = 1; number <= 40; number += 1) {
    const row = last.rows[0].cloneNode(true);
    for (const cell of row.cells) cell.textContent = `Row ${number}. `.repeat(1 + (number * 7) % 24);
    last.append(row);
  }
};

test("on paper no heading is left behind, and no short program and no row of a table is broken", { timeout: 10 * MINUTE }, async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? installed() });
  try {
    for (const path of new Set([most("<run-player"), most('class="code step"'), most("<tr>")])) {
      const page = await open(browser, path);
      if (path === most("<tr>")) await page.evaluate(addRows);
      const together = await page.evaluate(mark, 12);
      const printed = await PDFDocument.load(await page.pdf(LOOKS));
      assert.deepEqual(drawnFonts(printed), [], `${path}: expected faces, not drawings of letters`);
      const sheets = sheetsOf(printed);
      assert.ok(together.length > 20, `${path}: ${together.length} things that stay together`);
      const broken = together.filter(({ ids }) => new Set(ids.map((id) => sheets[id])).size > 1);
      const told = broken.map(({ what, ids }) => `${what}: on sheets ${[...new Set(ids.map((id) => sheets[id]))]}`);
      assert.deepEqual(told, [], `${path}: expected each on one sheet`);
      assert.ok(together.every(({ ids }) => ids.every((id) => sheets[id])), `${path}: expected to know all sheets`);
      await page.close();
    }
  } finally {
    await browser.close();
  }
});
