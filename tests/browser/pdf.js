// `node pdf.js PAGE FILE`: a built page on paper, such as /coroutines/. `cargo xtask pdf` calls it; the styles number the sheets.
import { chromium } from "playwright-core";
import { installed } from "./installed.js";
import { BASE, PAGES, fileOf, pathOf } from "./site.js";

const [path, file] = process.argv.slice(2);
if (!PAGES.includes(path)) {
  console.error(`there is no page ${path}; the pages are\n  ${PAGES.join("\n  ")}`);
  process.exit(1);
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? installed() });
try {
  const page = await browser.newPage();
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  // No server: on paper, addresses are those that the book is published under.
  await page.route("**", (route) => {
    const { origin, pathname } = new URL(route.request().url());
    return origin === BASE.origin ? route.fulfill({ path: fileOf(decodeURIComponent(pathname)) }) : route.abort();
  });
  await page.goto(BASE.origin + pathOf(path), { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
  // A link inside the book needs no address beside it.
  await page.addStyleTag({ content: `.prose a[href^="${BASE.href}"]::after { content: none }` });
  await page.pdf({ path: file, preferCSSPageSize: true, format: "A4", outline: true, tagged: true });
} finally {
  await browser.close();
}
