// The pages as they are printed: one of them, or all as a book. pdf.js writes what comes of it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PDFCrossRefStream, PDFDocument } from "@cantoo/pdf-lib";
import { sheetsOf } from "./sheets.js";
import { BASE, PAGES, fileOf, htmlOf, pathOf } from "./site.js";

const HOME = BASE.href.replace(/\/$/, "");
/** How Chromium prints. */
export const LOOKS = { preferCSSPageSize: true, format: "A4", outline: true, tagged: true };
const SHORT = 12; // lines of a program that stands on one sheet; a longer one goes on overleaf
/** The weights of the text in faces/, of which the site has one file for all. */
const WEIGHTS = [400, 600, 650, 700];
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

// The library looks for each object's place in the list of all, which takes minutes. They come in their order.
PDFCrossRefStream.prototype.appendEntry = function (entry) {
  this.entries.push(entry);
};

/** Opens a page as it is printed. No server: on paper, addresses are those that the book is published under. */
export async function open(browser, path) {
  const page = await browser.newPage({ bypassCSP: true });
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  await page.route("**", (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== BASE.origin) return route.abort();
    const path = fileOf(decodeURIComponent(pathname));
    if (pathname.endsWith("/css/site.css")) return route.fulfill({ contentType: "text/css", body: byWeight(readFileSync(path, "utf8")) });
    const face = /\/fonts\/(text-\d+\.woff2)$/.exec(pathname)?.[1];
    return route.fulfill({ path: face ? beside(`faces/${face}`) : path });
  });
  await page.goto(BASE.origin + pathOf(path), { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(keepShortWhole, SHORT);
  // A link inside the book needs no address beside it.
  await page.addStyleTag({ content: `.prose a[href^="${BASE.href}"]::after { content: none }` });
  return page;
}

/** Styles with a face for each weight: one with many weights would become drawings in the PDF (Type 3). */
function byWeight(styles) {
  const many = /@font-face \{[^}]*\/text\.woff2[^}]*\}/;
  if (!many.test(styles)) throw new Error("the styles have no face fonts/text.woff2");
  return styles.replace(many, (rule) => WEIGHTS.map((weight) => rule.replace("text.woff2", `text-${weight}.woff2`).replace("400 700", weight)).join("\n"));
}

/** Runs in the page. No style can count lines where some of them are boxes of their own. */
const keepShortWhole = (most) => {
  for (const program of document.querySelectorAll("pre")) {
    if (program.textContent.trimEnd().split("\n").length <= most) program.style.breakInside = "avoid";
  }
};

/** The whole book is printed twice: the first time to learn on which sheets its contents lie. */
export async function wholeBook(browser) {
  const texts = PAGES.map((path) => [path, htmlOf(path)]);
  const [some] = texts.find(([, html]) => html.includes('class="book-contents"'));
  const page = await open(browser, some);
  await page.addStyleTag({ path: beside("book.css") });
  await page.addScriptTag({ path: beside("book.js"), type: "module" });
  await page.evaluate((input) => book.bind(input), { texts, home: HOME });
  await page.evaluate(keepShortWhole, SHORT);
  await page.evaluate(() => document.fonts.ready);
  const sheets = sheetsOf(await PDFDocument.load(await page.pdf({ ...LOOKS, outline: false, tagged: false })));
  await page.evaluate((input) => book.number(input), sheets);
  const book = await PDFDocument.load(await page.pdf(LOOKS));
  if (JSON.stringify(sheetsOf(book)) !== JSON.stringify(sheets)) throw new Error("the numbers in the contents move what they number");
  return book.save({ useObjectStreams: true }); // less than half as large
}
