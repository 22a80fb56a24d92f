// The whole book on paper.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PDFDict, PDFDocument, PDFName } from "@cantoo/pdf-lib";
import { sheetsOf } from "./sheets.js";
import { BASE, fileOf, pathOf, PAGES } from "./site.js";

const MINUTE = 60_000;

test("the book on paper has every page, in the order of its contents, and links that lead inside it", { timeout: 15 * MINUTE }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "pdf-"));
  try {
    const file = join(folder, "book.pdf");
    execFileSync("node", [fileURLToPath(new URL("pdf.js", import.meta.url)), file]);
    const book = await PDFDocument.load(readFileSync(file), { updateMetadata: false });
    const sheets = sheetsOf(book);

    const html = readFileSync(fileOf(pathOf(PAGES.find((path) => path.startsWith("/part1")))), "utf8");
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
