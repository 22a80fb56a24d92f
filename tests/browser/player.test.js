// <run-player>: every recorded run of the book, stepped through with mouse, keys and touch.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { address, scenario } from "./browser.js";
import { button, expected, playerOf, reach, shown, shownAtEach } from "./runs.js";
import { ROOT, RUNS } from "./site.js";

const SOME = RUNS.find((run) => run.name === "guide-doorbell");
const WAKE = 1 + SOME.steps.findIndex((step) => step.kind === "wake");
const still = { reducedMotion: "reduce" };

/** Follows a link to the middle of a run, then steps through all of it, forward and back. */
async function walk(page, run) {
  const middle = Math.ceil(run.steps.length / 2);
  const player = page.locator("run-player", { has: page.locator(`[data-run="${run.name}"]`) });
  const where = (number) => `${run.page}, run ${run.name}, step ${number}`;
  await page.evaluate((hash) => (location.hash = hash), `#run=${run.name}&step=${middle}`);
  await reach(player, run, middle);
  assert.deepEqual(await shown(player), expected(run, middle), where(middle));
  for (const selector of [".run-lanes", ".run-said", ".run-bar input"]) {
    assert.ok(await inView(player.locator(selector)), `${where(middle)}: expected ${selector} in the window`);
  }
  assert.ok(await lineInSight(player), `${where(middle)}: expected the line that runs above the picture`);

  await button(player, "First step").click();
  await reach(player, run, 1);
  const all = run.steps.map((_, at) => at + 1);
  for (const [name, numbers] of [["Step forward", all.slice(1)], ["Step back", all.slice(0, -1).reverse()]]) {
    const found = await shownAtEach(player, run, name, numbers);
    numbers.forEach((number, at) => assert.deepEqual(found[at], expected(run, number), `${where(number)}, by "${name}"`));
  }
  await button(player, "Whole picture").click();
  assert.equal(await player.locator("[aria-current], [data-later], .r-now").count(), 0, `${run.name}: expected the page as it was before the first step`);
}

for (const path of new Set(RUNS.map((run) => run.page))) {
  scenario(`the runs of ${path} open at the step that a link names, in view, and show at every step what was recorded`, async (visit) => {
    const [first, ...others] = RUNS.filter((run) => run.page === path);
    const page = await visit(`${path}#run=${first.name}&step=1`, still); // by a link from elsewhere
    await reach(page.locator("run-player", { has: page.locator(`[data-run="${first.name}"]`) }), first, 1);
    for (const run of [first, ...others]) await walk(page, run);
  });
}

scenario("arrow keys, Home, End and space work wherever the player has the focus", async (visit) => {
  const page = await visit(SOME.page, still);
  const player = await playerOf(page, SOME);
  const press = async (key, number) => {
    await page.keyboard.press(key);
    await reach(player, SOME, number);
  };
  const end = SOME.steps.length;
  await button(player, "Step forward").focus();
  await press("Enter", 1);
  await press("ArrowRight", 2);
  await press("End", end);
  await press("ArrowRight", end);
  await press("ArrowLeft", end - 1);
  await press("Home", 1);
  await player.getByRole("slider").focus();
  await press("ArrowRight", 2);
  await press("End", end);
  await press("Home", 1);
  await press("Space", 2);
  await button(player, "Pause").waitFor();
  await page.keyboard.press("Space");
  await button(player, "Play").waitFor();
  await player.locator(".run-lanes").focus();
  await press("ArrowRight", 3);
  await press("Home", 1);
});

scenario("Play takes step after step to the end, and Pause stops it", async (visit) => {
  const page = await visit(SOME.page, { prepare: (page) => page.clock.install() });
  const player = await playerOf(page, SOME);
  await button(player, "Play").click();
  await reach(player, SOME, 1);
  await page.clock.runFor(5_000);
  await button(player, "Pause").click();
  const here = await player.locator(".run-count").textContent();
  assert.notEqual(here, `1 / ${SOME.steps.length}`, "expected playing to take a step within five seconds");
  await page.clock.runFor(60_000);
  assert.equal(await player.locator(".run-count").textContent(), here, "expected a paused run to stay where it is");
  await button(player, "Play").click();
  await page.clock.runFor(120_000);
  await reach(player, SOME, SOME.steps.length);
  await button(player, "Play").click(); // at its end it begins anew
  await reach(player, SOME, 1);
});

scenario("\"Link to this step\" copies an address, which opens the same step", async (visit) => {
  const page = await visit(SOME.page, { ...still, permissions: ["clipboard-read", "clipboard-write"] });
  const player = await playerOf(page, SOME);
  await button(player, "Step forward").click();
  await button(player, "Last step").click();
  await player.getByRole("link", { name: "Link to this step" }).click();
  await player.getByRole("link", { name: "Link copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, address(`${SOME.page}#run=${SOME.name}&step=${SOME.steps.length}`));
  assert.equal(page.url(), copied);
  await page.evaluate(() => (location.hash = "#run=guide-doorbell&step=2")); // a link within the page
  await reach(player, SOME, 2);
  await page.evaluate(() => (location.hash = "#run=guide-doorbell&step=999"));
  await reach(player, SOME, SOME.steps.length);
});

scenario("nothing moves by itself", async (visit) => {
  for (const reducedMotion of ["reduce", "no-preference"]) {
    const page = await visit(`${SOME.page}#run=${SOME.name}&step=${WAKE}`, { reducedMotion, prepare: (page) => page.clock.install() });
    const player = await playerOf(page, SOME);
    await reach(player, SOME, WAKE);
    await page.clock.runFor(300_000);
    assert.equal(await player.locator(".run-count").textContent(), `${WAKE} / ${SOME.steps.length}`, `with ${reducedMotion}: expected the run to wait for the reader`);
    const moving = await page.evaluate(() => [
      getComputedStyle(document.documentElement).scrollBehavior,
      getComputedStyle(document.querySelector(".run-lanes")).scrollBehavior,
      ...[...document.querySelectorAll("run-player *")].map((element) => getComputedStyle(element).transitionDuration),
    ].filter((value) => value === "smooth" || Number.parseFloat(value) > 0));
    if (reducedMotion === "reduce") assert.deepEqual(moving, [], "with reduced motion: expected no smooth scrolling and no transition");
  }
});

scenario("assistive technology hears roles, names, states and the sentence of each step", async (visit) => {
  const page = await visit(SOME.page, still);
  const player = await playerOf(page, SOME);
  const names = SOME.lanes.map((lane) => lane.name).join(" and ");
  assert.ok(await player.getByRole("img", { name: `Recorded run of ${names}` }).isVisible(), `expected a picture named after ${names}`);
  for (let number = 1; number <= WAKE; number += 1) await button(player, "Step forward").click();
  await reach(player, SOME, WAKE);

  const group = player.getByRole("group", { name: "Player" });
  const tree = await group.ariaSnapshot();
  const wanted = [
    "- button \"First step\"", "- button \"Step back\"", "- button \"Play\"", "- button \"Step forward\"",
    "- button \"Last step\"", `- slider "Step": "${WAKE}"`, `Clock 1 s`, "- link \"Link to this step\"", "- button \"Whole picture\"",
  ];
  const missing = wanted.filter((part) => !tree.includes(part));
  assert.deepEqual(missing, [], `expected them in the accessibility tree:\n${tree}`);
  assert.equal(await group.getByRole("status").first().textContent(), "The timer wakes guest, parked at sleep(Duration::from_secs(1)) in line 11.");
  const picture = await player.getByRole("img").getAttribute("aria-label");
  assert.equal(picture, `After step ${WAKE}: main is waiting at line 16, guest is ready at line 11`);

  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const status = nodes.filter((node) => node.role?.value === "status" && !node.ignored);
  const live = status.map((node) => node.properties.find(({ name }) => name === "live")?.value.value);
  assert.ok(live.length > 0 && live.every((value) => value === "polite"), `expected polite live regions, found ${live}`);
  const slider = player.getByRole("slider", { name: "Step" });
  assert.equal(await slider.getAttribute("aria-valuetext"), `Step ${WAKE} of ${SOME.steps.length}`);

  await button(player, "Last step").click();
  await reach(player, SOME, SOME.steps.length);
  assert.ok(await button(player, "Step forward").isDisabled(), "expected no step forward at the end");
});

for (const path of new Set(RUNS.map((run) => run.page))) {
  scenario(`without JavaScript there are the pictures of ${path}, their stories and consoles`, async (visit) => {
    const page = await visit(path, { javaScriptEnabled: false });
    for (const run of RUNS.filter((run) => run.page === path)) {
      const player = page.locator("run-player", { has: page.locator(`[data-run="${run.name}"]`) });
      const where = `${run.page}, run ${run.name}`;
      const picture = await player.locator(".run-lanes > svg").boundingBox();
      assert.ok(picture.height > 30, `${where}: expected a picture`);
      const story = await player.locator("svg > desc").textContent();
      const told = run.steps.filter((step) => story.includes(step.say.replaceAll(/[*`]/g, ""))); // of a long run, not all
      assert.ok(told.length >= 3, `${where}: expected the story in the picture's description`);
      const printed = await player.locator(".run samp > span").allTextContents();
      const wanted = run.steps.filter((step) => step.kind === "print").map((step) => `${step.text}\n`);
      assert.deepEqual(printed, wanted, `${where}: expected the console's lines`);
      assert.equal(await player.getByRole("button", { name: "Play" }).count(), 0, `${where}: expected no dead buttons`);
      assert.ok(await player.getByRole("link", { name: "How to read a run" }).isVisible(), `${where}: expected the way to the explanation`);
    }
  });
}

scenario("a thumb on a small phone reaches every control, and the program stays in sight", async (visit) => {
  for (const [width, height] of [[320, 568], [375, 667]]) {
    const page = await visit(SOME.page, { width, height, hasTouch: true, isMobile: true, ...still });
    const player = await playerOf(page, SOME);
    await button(player, "Step forward").tap();
    await reach(player, SOME, 1);
    for (const control of await player.locator(".run-bar :is(button, input, a)").all()) {
      const { x, width: wide, height: high } = await control.boundingBox();
      const name = await control.evaluate((element) => element.ariaLabel ?? element.textContent);
      assert.ok(x >= 0 && x + wide <= width, `${width} px: expected "${name}" inside of the window`);
      assert.ok(high >= 24, `${width} px: expected "${name}" large enough for a thumb`);
    }
    for (let number = 2; number <= SOME.steps.length; number += 1) {
      await button(player, "Step forward").tap();
      await reach(player, SOME, number);
      assert.ok(await lineInSight(player), `${width} px, step ${number}: expected the line that runs above the picture`);
    }
    const lanes = await player.locator(".run-lanes").boundingBox();
    await page.touchscreen.tap(lanes.x + lanes.width / 2, lanes.y + lanes.height / 2); // the picture itself leads to a step
    await player.locator(".run-count", { hasNotText: `${SOME.steps.length} / ` }).waitFor();
  }
});

scenario("a run is loaded when it is first used, and a failure is told and can be fixed", async (visit) => {
  const asked = [];
  let offline = true;
  const prepare = (page) => page.route("**/runs/*.json*", (route) => {
    asked.push(route.request().url());
    return offline ? route.abort() : route.continue();
  });
  const page = await visit(SOME.page, { prepare, expectErrors: true });
  const player = await playerOf(page, SOME);
  assert.deepEqual(asked, [], "expected no data before the first use");
  await button(player, "Step forward").click();
  await player.getByText("The run cannot be loaded").waitFor();
  offline = false;
  await button(player, "Step forward").click();
  await reach(player, SOME, 1);
  await button(player, "Step forward").click();
  await reach(player, SOME, 2);
  assert.equal(asked.length, 2, "expected the data to be kept once it is there");
});

scenario("the player weighs at most 12 KB", async () => {
  const folder = join(ROOT, "static/js");
  const files = readdirSync(folder).filter((name) => name.startsWith("run-") && name !== "run-code.js");
  const bytes = files.map((name) => gzipSync(readFileSync(join(folder, name))).length).reduce((sum, size) => sum + size, 0);
  assert.ok(bytes <= 12 * 1024, `${files.join(", ")} have ${bytes} bytes compressed`);
});

const inView = (locator) => locator.evaluate((element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= -1 && bottom <= innerHeight + 1;
});

/** Whether the line that runs, if one does, is neither above the window nor behind the picture. */
const lineInSight = (player) => player.evaluate((player) => {
  const line = player.querySelector("[aria-current]")?.getBoundingClientRect();
  return !line || line.top >= -1 && line.bottom <= player.querySelector(".run").getBoundingClientRect().top + 1;
});
