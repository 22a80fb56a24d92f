// All words come from words/: in a site whose every word has accents (pseudo.js), none is left without.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { scenario } from "./browser.js";
import { PSEUDO, build } from "./pseudo.js";
import { reach } from "./runs.js";
import { PAGES, RUNS, serveFolder } from "./site.js";

let site;
let at;
before(async () => {
  site = build();
  at = await serveFolder(site.pages);
});
after(() => site?.remove());

const LOST = "/404.html"; // in English alone

/** Names of things, which are the same in every language, and names of files, folders and programs. */
const NAMES = /\b(Playground|Tokio|asyncio|EPUB|Python|Lua|Sql|Text)\b|[\w/.-]+\.(rs|py|lua|sql|toml|json)\b|\w+_\w+|^[\w.-]+\/$/g;
/** What makes a word of a language rather than a unit or a sign. */
const LEFT = /[aeiouy]/i;

/** Notes in the page every text that it shows or says from now on, with its place: Map { text → element }. */
function listen() {
  const SAID = ["alt", "title", "placeholder", "aria-label", "aria-valuetext", "data-lane", "data-label", "data-failed", "label", "auto", "light", "dark", "close"];
  const DESCRIBED = "meta:is([name=description], [property$=title], [property$=site_name], [property$=description], [property$=alt])";
  const heard = (window.heard = new Map());
  const hear = (element, text, where = "") => {
    if (text?.trim()) heard.set(text.trim(), `<${element.localName}${where}>`);
  };
  const isWords = (element) => !element.closest("pre, code, script, style, body [lang], site-search ol") && (!element.closest("svg") || element.matches(".r-doing"));
  const texts = (root) => {
    const all = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = root.nodeType === Node.TEXT_NODE ? root : all.nextNode(); node; node = all.nextNode()) {
      if (node.parentElement && isWords(node.parentElement)) hear(node.parentElement, node.data);
    }
  };
  const attributes = (element) => {
    for (const name of SAID) hear(element, element.getAttribute(name), ` ${name}`);
    if (element.localName === "fold-code") hear(element, element.getAttribute("open"), " open");
    if (element.matches(DESCRIBED)) hear(element, element.content, " content");
  };
  const listenTo = (node) => {
    if (!node.isConnected) return;
    texts(node);
    if (node.nodeType === Node.ELEMENT_NODE) for (const element of [node, ...node.querySelectorAll("*")]) attributes(element);
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") attributes(target);
      if (type === "characterData") listenTo(target);
      for (const node of addedNodes) listenTo(node);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}

/** The words that styles add. */
function drawn() {
  for (const element of document.querySelectorAll("body *")) {
    for (const place of ["::before", "::after"]) {
      const { content } = getComputedStyle(element, place);
      const isNumbers = /^"1\D+2/.test(content); // of the lines of a program
      if (content.startsWith('"') && !isNumbers) window.heard.set(content, `<${element.localName} ${place}>`);
    }
  }
}

/** Fails with every word that a page has said in English. */
async function expectNone(page, path) {
  await page.evaluate(drawn);
  const heard = await page.evaluate(() => [...window.heard]);
  const left = heard.filter(([text]) => LEFT.test(text.replace(NAMES, ""))).map(([text, place]) => `${path}: ${place} ${JSON.stringify(text)}`);
  assert.deepEqual(left, [], "expected words of content/words/en.toml only; give each of these a key there, and its place that key");
}

const visitIn = (visit, path, { prepare, ...options } = {}) => visit(`/${PSEUDO}${path}`, {
  at, ...options,
  prepare: async (page) => {
    await page.addInitScript(listen);
    await prepare?.(page);
  },
});

/** Scrolls through the page, so that all its elements are there. */
async function wake(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight) {
      scrollTo({ top, behavior: "instant" });
      await frame();
      await frame();
    }
  });
  await page.mouse.wheel(0, 100);
  await page.waitForLoadState("networkidle");
}

for (const path of PAGES.filter((path) => path !== LOST)) {
  scenario(`no word of ${path} stands in a template or an element`, async (visit) => {
    const page = await visitIn(visit, path, { height: 3000 }); // soon scrolled through
    assert.equal(await page.evaluate(() => document.documentElement.lang), PSEUDO);
    await wake(page);
    await expectNone(page, path);
  });
}

scenario("no word of the page for wrong addresses stands in a template", async (visit) => {
  const page = await visit(LOST, { at, prepare: (page) => page.addInitScript(listen), expectErrors: true });
  await wake(page);
  await expectNone(page, LOST);
});

const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const press = (scope, selector) => scope.locator(selector).first().click();

scenario("no word of a player is left in English", async (visit) => {
  for (const deny of [false, true]) {
    const run = RUNS.find((run) => run.page === CHAPTER);
    const page = await visitIn(visit, CHAPTER, deny ? {} : { permissions: ["clipboard-read", "clipboard-write"] });
    const player = page.locator("run-player", { has: page.locator(`[data-run="${run.name}"]`) });
    await player.locator(".run-lanes").scrollIntoViewIfNeeded();
    await press(player, ".run-next");
    await reach(player, run, 1);
    for (let step = 2; step <= run.steps.length; step += 1) await press(player, ".run-next");
    await reach(player, run, run.steps.length);
    await press(player, ".run-play");
    await press(player, ".run-play");
    await press(player, ".run-bar a");
    await press(player, ".run-bar button:not([class])");
    await expectNone(page, CHAPTER);
  }
});

scenario("no word of a player without its run is left in English", async (visit) => {
  const prepare = (page) => page.route(/runs\/.*\.json/, (route) => route.fulfill({ status: 500 }));
  const page = await visitIn(visit, CHAPTER, { prepare, expectErrors: true });
  const player = page.locator("run-player").first();
  await player.scrollIntoViewIfNeeded();
  await press(player, ".run-next");
  await player.getByText("500").waitFor();
  await expectNone(page, CHAPTER);
});

const RAN = "     Running `target/debug/playground`\n";
const PANIC = "thread 'main' panicked at src/main.rs:1:1:\n";
for (const [name, answer] of Object.entries({
  "that prints": { json: { success: true, stdout: "1\n", stderr: RAN } },
  "that prints nothing": { json: { success: true, stderr: RAN } },
  "that panics": { json: { success: false, stderr: RAN + PANIC } },
  "that is stopped": { json: { success: false, stderr: RAN } },
  "that is refused": { json: { success: false, stderr: "error\n" } },
  "without an answer": { status: 500, json: {} },
})) {
  scenario(`no word about a program ${name} is left in English`, async (visit) => {
    const prepare = (page) => page.route("https://play.rust-lang.org/execute", (route) =>
      route.fulfill({ headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type" }, ...answer }));
    const page = await visitIn(visit, CHAPTER, { prepare, expectErrors: true });
    const program = page.locator("figure.code:has(run-code)").first();
    await program.scrollIntoViewIfNeeded();
    await press(program, "run-code button:last-of-type");
    await page.waitForFunction(() => document.querySelector("run-code button:last-of-type").ariaDisabled === null && document.querySelector("figure.code > p").textContent);
    await expectNone(page, CHAPTER);
  });
}

scenario("no word about what is copied and what changed is left in English", async (visit) => {
  const fixed = "/coroutines/";
  for (const permissions of [["clipboard-read", "clipboard-write"], []]) {
    const page = await visitIn(visit, fixed, { permissions });
    const program = page.locator("figure.code:has(show-fix)").first();
    await program.scrollIntoViewIfNeeded();
    await press(program, "show-fix button");
    await press(program, "copy-code button");
    await page.locator("article > h2").nth(1).hover();
    await press(page, ".copy-link button");
    await page.waitForTimeout(100);
    await expectNone(page, fixed);
  }
});

scenario("no word about the reader's progress is left in English", async (visit) => {
  const page = await visitIn(visit, CHAPTER);
  const card = page.locator("quiz-card").first();
  await card.scrollIntoViewIfNeeded();
  const options = card.locator("ol > li > button");
  await options.first().waitFor();
  for (const option of await options.all()) await option.click();
  await page.locator("tick-exercises").scrollIntoViewIfNeeded();
  await page.locator("tick-exercises input").first().check();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(() => document.querySelector("reading-state input")?.checked);
  await page.locator(".book-contents read-marks", { hasText: "." }).waitFor({ state: "attached" });
  await expectNone(page, CHAPTER);
  await page.goto(`${at}/${PSEUDO}/`);
  await page.locator("continue-reading small").waitFor();
  await page.locator(".parts a[data-state]").first().waitFor();
  const forget = page.locator("forget-progress button");
  await forget.click();
  await forget.click();
  await expectNone(page, "/");
});

scenario("no word about the book offline is left in English", async (visit) => {
  // A worker that answers as static/sw.js does: what is kept, how far it is, and that it failed.
  const prepare = (page) => page.addInitScript(() => {
    const answers = { state: [{ bytes: 1e6, isWhole: false }], whole: [{ done: 1, total: 2 }, { isWhole: true }], forget: [{ failed: "" }] };
    const postMessage = ({ task }, [port] = []) => answers[task]?.forEach((answer) => port.postMessage(answer));
    Object.defineProperty(navigator, "serviceWorker", { value: { ready: Promise.resolve({ active: { postMessage } }), register: async () => {} } });
  });
  const page = await visitIn(visit, "/", { prepare });
  await wake(page);
  const keep = page.locator("keep-offline button");
  await keep.click();
  await page.locator("keep-offline span", { hasText: ":" }).waitFor();
  await keep.click();
  await page.locator("keep-offline span", { hasText: "?" }).waitFor();
  await expectNone(page, "/");
});

scenario("no word of the search is left in English", async (visit) => {
  const page = await visitIn(visit, "/", {});
  for (const query of ["fútúré", "éxécútrr", "qqqq", "fútúré qqqq"]) {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(query);
    await page.waitForTimeout(300);
    await page.waitForLoadState("networkidle");
    await page.keyboard.press("Escape");
  }
  await expectNone(page, "/");
});

scenario("no word of a search without its index is left in English", async (visit) => {
  for (const status of [404, 500]) {
    const prepare = (page) => page.route(/search\/index\.json/, (route) => route.fulfill({ status }));
    const page = await visitIn(visit, "/", { prepare, expectErrors: true });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("t");
    await page.locator("site-search [role=status]", { hasText: "." }).waitFor();
    await expectNone(page, "/");
  }
});

scenario("no word about a word that is tapped is left in English", async (visit) => {
  const page = await visitIn(visit, CHAPTER, { width: 375, height: 700, hasTouch: true, isMobile: true });
  await page.locator("main a[href*='/glossary/#']").first().tap();
  await page.locator("term-card small").waitFor();
  await expectNone(page, CHAPTER);
});
