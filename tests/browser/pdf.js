// `node pdf.js FILE [PAGE]`: the book on paper, or one built page of it, such as /coroutines/. `cargo xtask pdf` calls it; the styles number the sheets.
import { writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { installed } from "./installed.js";
import { LOOKS, open, wholeBook } from "./paper.js";
import { PAGES } from "./site.js";

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
