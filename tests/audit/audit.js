// Four pages held to the limits of the site: `cargo xtask audit`. Prints one table; fails if a hard limit is missed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";
import { installed } from "../browser/installed.js";
import { PAGES, RUNS, fileOf, pathOf, serve } from "../browser/site.js";
import { FIRST_SEARCH, LIMITS, holds } from "./limits.js";

const LONG = 9000; // words, those in programs and pictures included
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = [
  { name: "phone", width: 375, height: 800, scheme: "light" },
  { name: "phone", width: 375, height: 800, scheme: "dark" },
  { name: "desktop", width: 1440, height: 900, scheme: "light" },
  { name: "desktop", width: 1440, height: 900, scheme: "dark" },
];

// A search that is spelled well, and one that is not, for which more of the index's words are needed.
const SEARCHED = ["cancel safety select", "what is backpresure"];
const TYPED = 80; // milliseconds a key, for those who type with ten fingers
const READ = 1000; // milliseconds without a key, in which what the results say is fetched
const SLOW_LINK = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }; // ms, bytes a second

const soft = process.argv.includes("--soft-speed");
const RUNS_A_PAGE = soft ? 1 : 3; // of which the median counts; what differs between them is speed
const home = await serve();
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? installed(), args: ["--no-sandbox"] });
let missed = 0;
try {
  const pages = chosen();
  const measured = [];
  for (const { name, path } of pages) {
    console.error(`measuring ${name}: ${path}`);
    const page = { name, ...await speed(path), ...await barriers(path) };
    // A text longer than a long chapter may cost more, in the same proportion.
    const share = Math.min(1, LONG / page.words);
    measured.push({ ...page, bytes: page.bytes * share, withoutFonts: page.withoutFonts * share });
  }
  console.error("measuring the search");
  const search = await searched();
  table(measured);
  row("search, first query", FIRST_SEARCH, [search]);
} finally {
  await browser.close();
}
console.log(missed ? `\nlimits: ${missed} missed` : "\nlimits: all hold");
process.exit(missed ? 1 : 0);

/** Home, the chapter with the most text, and the page with the most recorded runs. */
function chosen() {
  const text = (path) => readFileSync(fileOf(pathOf(path)), "utf8").replace(/<[^>]*>/g, " ").split(/\s+/).length;
  const most = (paths, count) => paths.reduce((best, path) => (count(path) > count(best) ? path : best));
  const players = (path) => RUNS.filter((run) => run.page === path).length;
  const shown = RUNS.map((run) => run.page).filter(Boolean);
  const longest = most(PAGES.filter((path) => path !== "/404.html" && path !== "/glossary/"), text);
  return [
    { name: "home", path: "/" },
    { name: "longest", path: longest },
    { name: "players", path: most(shown.filter((path) => path !== longest), players) },
  ];
}

/**
 * The medians of what Lighthouse says of a page on a phone, without the picture of the whole page, which would
 * wake everything that waits to be scrolled to.
 */
async function speed(path) {
  const reports = [];
  for (let run = 0; run < RUNS_A_PAGE; run += 1) {
    const context = await browser.createBrowserContext(); // in which nothing is remembered of a reader
    const page = await context.newPage();
    const { lhr } = await lighthouse(home + path, { logLevel: "error", disableFullPageScreenshot: true }, undefined, page);
    await context.close();
    if (lhr.runtimeError) throw new Error(`Lighthouse cannot measure ${path}: ${lhr.runtimeError.message}`);
    reports.push(lhr);
  }
  const median = (value) => reports.map(value).sort((a, b) => a - b)[Math.floor(RUNS_A_PAGE / 2)];
  const score = (category) => median((report) => Math.round(report.categories[category].score * 100));
  const audit = (id) => median((report) => report.audits[id].numericValue);
  // What a page carries in itself, such as its icon, is no request.
  const requests = reports[0].audits["network-requests"].details.items.filter((item) => !item.url.startsWith("data:"));
  const kilobytes = (items) => items.reduce((sum, item) => sum + item.transferSize, 0) / 1000;
  for (const [id, { score, title, scoreDisplayMode }] of Object.entries(reports[0].audits)) {
    if (scoreDisplayMode === "binary" && score === 0) console.error(`${path}: ${id}: ${title}`);
  }
  for (const { node, score } of reports[0].audits["layout-shifts"].details?.items ?? []) console.error(`${path}: ${node?.selector} moves by ${score.toFixed(4)}`);
  for (const { url, transferSize } of requests) console.error(`${path}: ${(transferSize / 1000).toFixed(1)} KB ${url.slice(home.length)}`);
  return {
    performance: score("performance"), accessibility: score("accessibility"),
    practices: score("best-practices"), seo: score("seo"),
    paint: audit("largest-contentful-paint"), shift: audit("cumulative-layout-shift"), blocking: audit("total-blocking-time"),
    requests: requests.length,
    bytes: kilobytes(requests),
    withoutFonts: kilobytes(requests.filter((item) => item.resourceType !== "Font")),
    script: kilobytes(requests.filter((item) => item.resourceType === "Script")),
    foreign: requests.filter((item) => !item.url.startsWith(home)).length,
  };
}

/** What axe finds on a page in each view and on paper, and how many elements the page has for 4,000 words. */
async function barriers(path) {
  const page = await browser.newPage();
  let found = 0;
  for (const view of VIEWS) {
    await page.setViewport(view);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
    await page.goto(home + path);
    found += await axe(page, `${path} on a ${view.name}, ${view.scheme}`);
  }
  await page.emulateMediaType("print");
  found += await axe(page, `${path} on paper`);
  await page.emulateMediaType(undefined);
  const { elements, words } = await page.evaluate(() => ({
    elements: document.querySelectorAll("*").length,
    words: document.querySelector("main").textContent.split(/\s+/).length,
  }));
  await page.close();
  return { axe: found, elements: (elements * 4000) / Math.max(words, 4000), words };
}

async function axe(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  for (const { id, nodes } of violations) console.error(`${where}: ${id}: ${nodes[0].html.slice(0, 120)} (${nodes.length})`);
  return violations.length;
}

/**
 * A first search by keyboard on a slow link: the bytes of the dearest one, how long the first result takes after the key
 * that opens it, how long a further key takes at most, and what axe finds while the results stand open.
 */
async function searched() {
  const all = [];
  for (const query of SEARCHED) for (const delay of [0, TYPED]) all.push(await searchedFor(query, delay));
  const most = (value) => Math.max(...all.map(value));
  return { bytes: most((it) => it.bytes), first: all[0].first, key: most((it) => it.key), axe: most((it) => it.axe) };
}

async function searchedFor(query, delay) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.evaluateOnNewDocument(pauseTimers);
  await page.goto(home + "/", { waitUntil: "networkidle0" });
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", SLOW_LINK);
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  const opened = performance.now();
  await page.keyboard.press("/");
  for (const key of query) {
    await page.keyboard.press(key);
    await page.evaluate((delay) => globalThis.pass(delay), delay);
  }
  await page.waitForSelector("site-search li a", { visible: true });
  const first = performance.now() - opened;
  await page.waitForNetworkIdle();
  await page.evaluate((pause) => globalThis.pass(pause, true), READ);
  await page.waitForNetworkIdle();
  const kilobytes = bytes / 1000;
  console.error(`search for "${query}", ${delay} ms a key: ${kilobytes.toFixed(1)} KB, ${first.toFixed(0)} ms`);
  const found = await axe(page, "the search with results");
  const key = await page.evaluate(slowestKey, "spawn_blocking thread pool");
  await context.close();
  return { bytes: kilobytes, first, key, axe: found };
}

/**
 * Lets the timers of a page wait for `pass(milliseconds)`, until it's told that this was the last time. What a search
 * fetches depends on the pauses between keys, and a busy machine would make longer ones.
 */
function pauseTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const waiting = new Map();
  let [now, last] = [0, 0];
  globalThis.setTimeout = (act, delay = 0) => waiting.set(last += 1, { act, due: now + delay }) && last;
  globalThis.clearTimeout = (timer) => waiting.delete(timer);
  globalThis.pass = (milliseconds, isLast = false) => {
    now += milliseconds;
    for (const [timer, { act, due }] of [...waiting]) if (due <= now && waiting.delete(timer)) act();
    if (isLast) Object.assign(globalThis, { setTimeout, clearTimeout });
  };
}

/** Types a query into the open search, and tells how long the slowest key took until its results were painted. */
async function slowestKey(query) {
  const field = document.querySelector("site-search input");
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  let slowest = 0;
  for (let length = 1; length <= query.length; length += 1) {
    await painted();
    const pressed = performance.now();
    field.value = query.slice(0, length);
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await painted();
    slowest = Math.max(slowest, performance.now() - pressed);
  }
  return slowest;
}

function table(pages) {
  console.log(`| | limit | ${pages.map((page) => page.name).join(" | ")} | holds |\n|---|---|${"---|".repeat(pages.length)}---|`);
  for (const limit of LIMITS) row(limit.name, [limit], pages);
}

function row(name, limits, pages) {
  for (const { busy, ...limit } of limits) {
    if (soft && busy) limit.most = busy;
    const good = pages.every((page) => holds(limit, page[limit.of]));
    const counts = !good && !(soft && limit.speed);
    if (counts) missed += 1;
    const values = pages.map((page) => page[limit.of].toFixed(limit.digits ?? 0)).join(" | ");
    const label = name === limit.name ? name : `${name}: ${limit.name}`;
    console.log(`| ${label} | ${"least" in limit ? `≥ ${limit.least}` : `≤ ${limit.most}`} | ${values} | ${good ? "yes" : counts ? "**no**" : "no, but speed varies here"} |`);
  }
}
