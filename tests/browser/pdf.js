// `node pdf.js FILE [PAGE]`: the book on paper, or one built page of it, such as /coroutines/. `cargo xtask pdf` calls it; the styles number the sheets.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PDFDocument } from "@cantoo/pdf-lib";
import { chromium } from "playwright-core";
import { installed } from "./installed.js";
import { sheetsOf } from "./sheets.js";
import { BASE, PAGES, fileOf, pathOf } from "./site.js";

const HOME = BASE.href.replace(/\/$/, "");
const LOOKS = { preferCSSPageSize: true, format: "A4", outline: true, tagged: true };
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Opens a page as it is printed. No server: on paper, addresses are those that the book is published under. */
async function open(browser, path) {
  const page = await browser.newPage({ bypassCSP: true });
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  await page.route("**", (route) => {
    const { origin, pathname } = new URL(route.request().url());
    return origin === BASE.origin ? route.fulfill({ path: fileOf(decodeURIComponent(pathname)) }) : route.abort();
  });
  await page.goto(BASE.origin + pathOf(path), { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
  // A link inside the book needs no address beside it.
  await page.addStyleTag({ content: `.prose a[href^="${BASE.href}"]::after { content: none }` });
  return page;
}

/** The whole book is printed twice: the first time to learn on which sheets its contents lie. */
async function wholeBook(browser) {
  const texts = PAGES.map((path) => [path, readFileSync(fileOf(pathOf(path)), "utf8")]);
  const [some] = texts.find(([, html]) => html.includes('class="book-contents"'));
  const page = await open(browser, some);
  await page.addStyleTag({ path: beside("book.css") });
  await page.addScriptTag({ path: beside("book.js"), type: "module" });
  await page.evaluate((input) => book.bind(input), { texts, home: HOME });
  await page.evaluate(() => document.fonts.ready);
  const sheets = sheetsOf(await PDFDocument.load(await page.pdf({ ...LOOKS, outline: false, tagged: false })));
  await page.evaluate((input) => book.number(input), sheets);
  const book = await PDFDocument.load(await page.pdf(LOOKS));
  if (JSON.stringify(sheetsOf(book)) !== JSON.stringify(sheets)) throw new Error("the numbers in the contents move what they number");
  return book.save();
}

const [file, path] = process.argv.slice(2);
if (path && !PAGES.includes(path)) {
  console.error(`there is no page ${path}; the pages are\n  ${PAGES.join("\n  ")}`);
  process.exit(1);
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? installed() });
try {
  writeFileSync(file, path ? await (await open(browser, path)).pdf(LOOKS) : await wholeBook(browser));
} finally {
  await browser.close();
}
