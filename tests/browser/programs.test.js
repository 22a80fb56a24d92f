// Programs and questions: copy, run on a stand-in for the Rust Playground, choose an answer.
import assert from "node:assert/strict";
import { scenario } from "./browser.js";
import { PAGES, RUNS, htmlOf } from "./site.js";

const CHAPTER = RUNS.find((run) => run.name.startsWith("ch01")).page;
const FIXED = "/coroutines/"; // its first fixed program awaits what was forgotten
const PLAYGROUND = "https://play.rust-lang.org/execute";
const BUILT = "   Compiling playground v0.0.1 (/playground)\n    Finished `dev` profile [unoptimized + debuginfo] target(s) in 1.01s\n     Running `target/debug/playground`\n";

/** Opens the chapter with a Playground that gives this answer, and presses Run under a program. */
async function run(visit, answer, { program = "[data-run]", ...options } = {}) {
  const asked = [];
  const prepare = async (page) => {
    await page.route(PLAYGROUND, (route) => {
      asked.push(route.request().postDataJSON());
      return answer(route);
    });
    await options.prepare?.(page);
  };
  const page = await visit(CHAPTER, { ...options, prepare });
  const figure = page.locator("figure.code", { has: page.locator(program) }).first();
  await figure.scrollIntoViewIfNeeded();
  await figure.getByRole("button", { name: "Run", exact: true }).click();
  const says = async (text) => {
    await figure.getByText(text).waitFor();
    return figure.locator("p[role=status] + pre").textContent();
  };
  return { figure, asked, says };
}

const json = (body) => (route) => route.fulfill({ json: { success: true, exitDetail: "", stdout: "", stderr: BUILT, ...body } });

scenario("Run shows what a program printed, and sends the program as it stands", async (visit) => {
  const { figure, asked, says } = await run(visit, json({ stdout: "price 3, stock 12: 2s\n" }));
  assert.equal(await says("It ran to the end and printed:"), "price 3, stock 12: 2s");
  const [{ code, edition, channel, crateType }] = asked;
  assert.equal(code, await figure.locator("pre code").first().textContent());
  assert.deepEqual({ edition, channel, crateType }, { edition: "2024", channel: "stable", crateType: "bin" });
});

scenario("Run says that a silent program held its assertions", async (visit) => {
  const { says } = await run(visit, json({}));
  assert.equal(await says("It ran to the end and printed nothing: every assertion holds."), "");
});

scenario("Run shows a compiler's refusal without cargo's chatter", async (visit) => {
  const stderr = "   Compiling playground v0.0.1 (/playground)\nerror[E0425]: cannot find value `x` in this scope\n";
  const { says } = await run(visit, json({ success: false, stderr }));
  assert.equal(await says("The compiler refuses it:"), "error[E0425]: cannot find value `x` in this scope");
});

scenario("Run tells a refusal that is the lesson from one that is not", async (visit) => {
  const stderr = "   Compiling playground v0.0.1 (/playground)\nerror[E0728]: `await` is only allowed inside `async` functions and blocks\n";
  const { says } = await run(visit, json({ success: false, stderr }), { program: "[data-refused]" });
  assert.match(await says("The compiler refuses it, as it should:"), /^error\[E0728\]/);
});

scenario("Run shows a panic", async (visit) => {
  const stderr = `${BUILT}\nthread 'main' (13) panicked at src/main.rs:17:5:\nassertion failed\n`;
  const { says } = await run(visit, json({ success: false, exitDetail: "Exited with status 101", stderr }));
  assert.match(await says("It panicked:"), /panicked at src\/main\.rs:17:5/);
});

scenario("Run says when the Playground's limits stopped a program", async (visit) => {
  const { says } = await run(visit, json({ success: false, exitDetail: "Killed by signal 9" }));
  await says("It was stopped: Killed by signal 9.");
});

scenario("Run says when the Playground does not answer, and can be pressed again", async (visit) => {
  // The reader's patience of 30 seconds is over at once; a stand-in for the clock that the browser keeps itself.
  const prepare = (page) => page.addInitScript(() => {
    AbortSignal.timeout = (milliseconds) => {
      window.patience = milliseconds;
      return AbortSignal.abort(new DOMException("", "TimeoutError"));
    };
  });
  const { figure, says } = await run(visit, json({}), { prepare });
  await says("The Playground did not answer within 30 seconds.");
  assert.equal(await figure.page().evaluate(() => window.patience), 30_000);
  assert.ok(await figure.getByRole("button", { name: "Run", exact: true }).isEnabled());
});

scenario("Run says when the reader is offline", async (visit) => {
  const { says } = await run(visit, (route) => route.abort("internetdisconnected"), { expectErrors: true });
  await says("Are you offline?");
});

scenario("Run passes on what the Playground complains of", async (visit) => {
  const { says } = await run(visit, (route) => route.fulfill({ status: 500, json: { error: "too many requests" } }), { expectErrors: true });
  await says("too many requests");
});

scenario("Copy copies a program exactly, and of a console session what the reader types", async (visit) => {
  const page = await visit(CHAPTER, { permissions: ["clipboard-read", "clipboard-write"] });
  const figures = await page.locator("figure.code").all();
  let sessions = 0;
  for (const figure of figures.filter((_, at) => at < 3)) {
    await figure.scrollIntoViewIfNeeded();
    await figure.getByRole("button", { name: "Copy" }).click();
    await figure.getByRole("button", { name: "Copied" }).waitFor();
    const text = await figure.locator("code").first().textContent();
    const typed = text.split("\n").filter((line) => line.startsWith("$ ")).map((line) => line.slice(2)).join("\n");
    sessions += typed ? 1 : 0;
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), typed || text);
  }
});

scenario("Copy selects the program where the browser does not let it copy", async (visit) => {
  const prepare = (page) => page.addInitScript(() => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject(new Error("denied")) } });
  });
  const page = await visit(CHAPTER, { prepare });
  const figure = page.locator("figure.code").first();
  await figure.getByRole("button", { name: "Copy" }).click();
  await figure.getByRole("button", { name: "Press Ctrl+C" }).waitFor();
  assert.equal(await page.evaluate(() => getSelection().toString().trim()), (await figure.locator("code").textContent()).trim());
});

scenario("a fixed program shows line by line what changed, and stays whole to copy and run", async (visit) => {
  const page = await visit(FIXED, { permissions: ["clipboard-read", "clipboard-write"] });
  const figure = page.locator("figure.code:not(.step):has(show-fix)").first();
  await figure.scrollIntoViewIfNeeded();
  const program = await figure.locator("code").first().textContent();
  const changed = figure.getByRole("button", { name: "What changed" });
  await changed.press("Enter");
  await figure.getByText("1 removed, 1 added").waitFor();
  assert.equal(await changed.getAttribute("aria-pressed"), "true");
  assert.equal(await figure.locator("del").textContent(), "-     save(&saved);\n");
  assert.equal(await figure.locator("ins").textContent(), "+     save(&saved).await;\n");
  const shown = await figure.locator("pre:visible").textContent();
  assert.equal(shown.split("\n").filter((line) => !line.startsWith("-")).map((line) => line.slice(2)).join("\n").trimEnd(), program.trimEnd());
  await figure.getByRole("button", { name: "Copy" }).click();
  await figure.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), program);
  await changed.click();
  assert.equal(await figure.locator("pre:visible").textContent(), program);
});

/** Runs in the page: presses "What changed" under each fixed program, and counts the lines shown that are the same and those that are not. */
async function pressEach() {
  await import(new URL("show-fix.js", document.querySelector("script[type=module]").src));
  return [...document.querySelectorAll("figure.code:not(.step) show-fix")].map((fix) => {
    fix.querySelector("button").click();
    const code = [...fix.closest("figure").querySelectorAll("pre")].find((pre) => pre.checkVisibility()).querySelector("code");
    return [[...code.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).length, code.querySelectorAll("ins, del").length];
  });
}

scenario("every fixed program differs from the one above it in some lines and not in all", async (visit) => {
  for (const path of PAGES.filter((path) => htmlOf(path).includes("<show-fix"))) {
    const page = await visit(path);
    for (const [same, other] of await page.evaluate(pressEach)) {
      assert.ok(same > 3 && other > 0, `${path}: ${same} lines are the same, ${other} are not`);
    }
    await page.close();
  }
});

scenario("tabs show the asyncio program in the place of the Tokio program, which is copied and run as it is shown", async (visit) => {
  const page = await visit("/coming-from-asyncio/", { permissions: ["clipboard-read", "clipboard-write"] });
  const figure = page.locator("figure.code:has(code-tabs)").first();
  await figure.scrollIntoViewIfNeeded();
  const program = await figure.locator("code").first().textContent();
  const python = await page.locator('figure.code:has(> pre > code[data-lang="python"])').first().locator("code").textContent();
  const copied = async () => {
    await figure.getByRole("button", { name: "Copy" }).click();
    await figure.getByRole("button", { name: "Copied" }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const [asyncio, tokio] = await Promise.all(["asyncio", "Tokio"].map(async (name) => figure.getByRole("tab", { name })));
  assert.equal(await tokio.getAttribute("aria-selected"), "true");
  assert.equal(await figure.getByRole("tabpanel").textContent(), program);

  await tokio.press("ArrowLeft");
  assert.ok(await asyncio.evaluate((tab) => tab === document.activeElement && tab.ariaSelected === "true"), "expected the arrow to choose the other tab");
  assert.equal(await figure.getByRole("tabpanel", { name: "asyncio" }).textContent(), python);
  assert.ok(!await figure.getByRole("button", { name: "Run" }).isVisible(), "the Playground runs no Python");
  assert.equal(await copied(), python);

  await tokio.click();
  assert.equal(await figure.getByRole("tabpanel", { name: "Tokio" }).textContent(), program);
  assert.ok(await figure.getByRole("button", { name: "Run" }).isVisible(), "expected Run beside the Tokio program");
  await figure.getByRole("button", { name: /^Cop/ }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), program);
});

scenario("a question judges each choice in words and opens its answer", async (visit) => {
  const page = await visit(CHAPTER);
  const card = page.locator("quiz-card").first();
  await card.scrollIntoViewIfNeeded();
  const answer = Number(await card.getAttribute("answer"));
  const options = card.locator("ol > li > button");
  const wrong = answer === 1 ? 2 : 1;
  assert.ok(!await card.locator("details").evaluate((details) => details.open), "expected a folded answer");
  await options.nth(wrong - 1).click();
  await card.getByText(`${wrong} is not it. The answer says why.`).waitFor();
  assert.equal(await options.nth(wrong - 1).getAttribute("aria-pressed"), "true");
  await options.nth(answer - 1).press("Enter");
  await card.getByText(`${answer} is right.`).waitFor();
  assert.equal(await options.nth(wrong - 1).getAttribute("aria-pressed"), "false");
  assert.ok(await card.locator("details").evaluate((details) => details.open), "expected the answer to open");
});

scenario("a long listing is folded, opens whole and folds again, and is copied whole in both", async (visit) => {
  const page = await visit("/task-queue/", { permissions: ["clipboard-read", "clipboard-write"] });
  const figure = page.locator("figure.code:has(fold-code)").first();
  await figure.scrollIntoViewIfNeeded();
  const height = () => figure.locator("pre").evaluate(({ clientHeight, scrollHeight }) => [clientHeight, scrollHeight]);
  const button = figure.getByRole("button", { name: /^All \d+ lines$/ });
  await button.waitFor();
  const [folded, whole] = await height();
  assert.ok(folded < whole, "expected a box that scrolls");
  await figure.getByRole("button", { name: "Copy" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await figure.locator("code").textContent());
  await button.press("Enter");
  assert.equal(await button.count(), 0);
  assert.equal((await height())[0], whole);
  await figure.getByRole("button", { name: "Fold" }).press("Enter");
  assert.equal((await height())[0], folded);
});

scenario("without scripts a long listing shows whole", async (visit) => {
  const page = await visit("/task-queue/", { javaScriptEnabled: false });
  const pre = page.locator("figure.code[data-long] > pre").first();
  assert.ok(await pre.evaluate(({ clientHeight, scrollHeight }) => clientHeight >= scrollHeight - 1));
});

scenario("a step folds what stays, shows all that it removes when asked, and is copied as it is", async (visit) => {
  const page = await visit("/task-queue/", { permissions: ["clipboard-read", "clipboard-write"] });
  const figure = page.locator("figure.step:has(del.many):has(details)").first();
  await figure.scrollIntoViewIfNeeded();
  const kept = figure.locator("details").first();
  assert.match(await kept.locator("summary").textContent(), /^\d+ lines as before$/);
  assert.equal(await kept.locator("pre").isVisible(), false);
  const removed = figure.locator("del.many").first();
  assert.equal(await removed.isVisible(), false);
  const button = figure.getByRole("button", { name: "What changed" });
  await button.press("Enter");
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await figure.getByText(/^\d+ removed, \d+ added$/).waitFor();
  assert.ok(await removed.isVisible());
  await figure.getByRole("button", { name: "Copy" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.includes((await kept.locator("code").textContent()).trimEnd()), "expected the folded lines");
  assert.ok(!copied.includes((await removed.textContent()).trimEnd()), "expected no line that the step removes");
});

scenario("without scripts a step's folded lines open, and new ones are marked", async (visit) => {
  const page = await visit("/task-queue/", { javaScriptEnabled: false });
  const figure = page.locator("figure.step:has(mark):has(details)").first();
  const kept = figure.locator("details").first();
  await kept.locator("summary").click();
  assert.ok(await kept.locator("pre").isVisible());
  assert.ok(await figure.locator("mark").first().isVisible());
});

scenario("a system's second page stands between its chapter and the next", async (visit) => {
  const page = await visit("/task-queue/operating/");
  assert.match(await page.locator(".pager a[rel=prev]").getAttribute("href"), /\/task-queue\/$/);
  assert.match(await page.locator(".book-contents [aria-current=page]").textContent(), /^Operating/);
});

scenario("a program is edited in place, runs as it was changed, and comes back as it was", async (visit) => {
  const asked = [];
  const message = "   Compiling playground v0.0.1 (/playground)\nerror[E0425]: cannot find value `x` in this scope\n --> src/main.rs:2:5\n  |\n";
  const prepare = (page) => page.route(PLAYGROUND, (route) => {
    asked.push(route.request().postDataJSON().code);
    return json({ success: false, stderr: message })(route);
  });
  const page = await visit(CHAPTER, { prepare });
  const figure = page.locator("figure.code", { has: page.locator("[data-run]") }).first();
  await figure.scrollIntoViewIfNeeded();
  const original = (await figure.locator("pre code").first().textContent()).trimEnd();
  const edit = figure.getByRole("button", { name: "Edit", exact: true });
  await edit.click();
  const field = figure.getByRole("textbox");
  assert.match(await field.getAttribute("aria-label"), /^Program \d+/);
  assert.equal(await field.inputValue(), original);
  assert.equal(await figure.locator("pre").first().isVisible(), false);
  await field.fill(`fn main() {\n    x;\n}`);
  await field.press("Control+Enter");
  const line = figure.getByRole("button", { name: "Line 2" });
  await line.click();
  assert.equal(await field.evaluate((it) => it.value.slice(it.selectionStart, it.selectionEnd)), "    x;");
  assert.deepEqual(asked, ["fn main() {\n    x;\n}"]);
  await field.press("End");
  await field.press("Enter");
  assert.match(await field.inputValue(), /x;\n {4}\n/);
  assert.match(new URL(await figure.getByRole("link", { name: "Playground" }).getAttribute("href")).searchParams.get("code"), /^fn main/);
  await figure.getByRole("button", { name: "Reset" }).click();
  assert.equal(await field.inputValue(), original);
  await edit.click();
  assert.equal(await figure.locator("pre").first().isVisible(), true);
});

scenario("lines are numbered, and no number is copied or selected", async (visit) => {
  const page = await visit(CHAPTER, { permissions: ["clipboard-read", "clipboard-write"] });
  const figure = page.locator("figure.code:has(> pre > [data-lang=rust])").first();
  const code = figure.locator("pre code").first();
  assert.match(await code.evaluate((it) => getComputedStyle(it, "::before").content), /^"1/);
  await figure.scrollIntoViewIfNeeded();
  await figure.getByRole("button", { name: "Copy" }).click();
  await figure.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await code.textContent());
  const selected = await code.evaluate((it) => {
    getSelection().selectAllChildren(it);
    return getSelection().toString();
  });
  assert.equal(selected.trimEnd(), (await code.textContent()).trimEnd());
});

scenario("a program of 72 columns needs no scrolling on a desk", async (visit) => {
  const page = await visit(CHAPTER, { width: 1440 });
  const wide = await page.evaluate(() => [...document.querySelectorAll("article > .code > pre, article > run-player > .code > pre")].flatMap((pre) => {
    const columns = Math.max(...pre.textContent.split("\n").map((line) => line.length));
    return columns <= 72 && pre.scrollWidth > pre.clientWidth ? [`${columns} columns: ${pre.textContent.slice(0, 60)}`] : [];
  }));
  assert.deepEqual(wide, []);
});

scenario("every program has a name of its own", async (visit) => {
  const page = await visit(CHAPTER);
  const names = await page.locator("figure.code:has([data-lang=rust])").evaluateAll((all) => all.map((it) => it.ariaLabel));
  assert.ok(names.every(Boolean));
  const programs = names.filter((name) => name.startsWith("Program "));
  assert.equal(new Set(programs).size, programs.length, programs.join());
});
