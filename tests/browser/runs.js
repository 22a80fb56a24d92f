// What the player should show at a step, worked out from the run's JSON alone, and what it does show.

/** What a run's data says about the moment after so many steps. */
export function expected(run, number) {
  const lanes = run.lanes.map(() => ({ doing: "", at: [], woken: false }));
  let clock = 0;
  const printed = [];
  for (const step of run.steps.slice(0, number)) {
    const lane = lanes[step.lane];
    switch (step.kind) {
      case "spawn": lane.doing = "ready"; break;
      case "run": Object.assign(lane, { doing: "running", at: [], woken: false }); break;
      case "stop": case "budget": Object.assign(lane, { doing: lane.woken ? "ready" : "waiting", at: step.at ?? [], woken: false }); break;
      case "wake": lane.doing === "running" ? (lane.woken = true) : (lane.doing = "ready"); break;
      case "done": Object.assign(lane, { doing: "done", at: [] }); break;
      case "panic": Object.assign(lane, { doing: "panicked", at: [] }); break;
      case "cancel": Object.assign(lane, { doing: "dropped", at: [] }); break;
      case "clock": clock = step.ms; break;
      case "print": printed.push(step.text); break;
    }
  }
  const step = run.steps[number - 1];
  const parked = (doing) => {
    const places = lanes.filter((lane) => lane.doing === doing).flatMap((lane) => lane.at);
    return [...new Set(places)].map((place) => run.source.slice(...run.places[place].span)).sort();
  };
  return {
    step: `${number} / ${run.steps.length}`,
    line: step.line === undefined ? null : run.source.split("\n")[step.line - 1],
    waiting: parked("waiting"),
    ready: parked("ready"),
    lanes: lanes.map((lane) => lane.doing),
    cursor: step.x,
    pale: true,
    sentence: step.say.replaceAll(/[*`]/g, ""),
    clock: run.clock === "virtual" ? `Clock ${spell(clock)}` : "",
    console: printed,
  };
}

const spell = (ms) => (ms > 0 && ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

/** What the player of a run shows; runs in the page. */
function look(player) {
  const lines = player.querySelectorAll("code .l[aria-current=step]");
  const highlighted = (name) => [...CSS.highlights.get(name)]
    .filter((range) => player.contains(range.startContainer)).map(String).sort();
  const shift = (element) => new DOMMatrix(getComputedStyle(element).transform).e;
  const now = player.querySelector(".r-now");
  const later = player.querySelector(".r-later");
  return {
    step: player.querySelector(".run-count").textContent,
    line: lines.length ? [...lines].map((line) => line.textContent.replace(/\n$/, "")).join("\n") : null,
    waiting: highlighted("run-waiting"),
    ready: highlighted("run-ready"),
    lanes: [...player.querySelectorAll(".r-doing")].map((text) => text.textContent),
    cursor: shift(now),
    pale: later.getBoundingClientRect().left >= now.getBoundingClientRect().right - 1,
    sentence: player.querySelector(".run-said").textContent.replaceAll(/[*`]/g, ""),
    clock: player.querySelector(".run-clock").textContent,
    console: [...player.querySelectorAll(".run samp > span")]
      .filter((line) => getComputedStyle(line).visibility === "visible").map((line) => line.textContent.replace(/\n$/, "")),
  };
}

/** What the player of a run shows. */
export const shown = (player) => player.evaluate(look);

/** Presses a button of the player again and again, and returns what it shows after each press, when it has come to one of these steps. */
export async function shownAtEach(player, run, pressed, numbers) {
  const press = await button(player, pressed).elementHandle();
  const shown = await player.page().evaluateHandle(`(${look})`);
  return player.evaluate(async (player, [press, shown, numbers, end]) => {
    const count = player.querySelector(".run-count");
    const found = [];
    for (const number of numbers) {
      press.click();
      for (let patience = 600; patience > 0 && count.textContent !== `${number} / ${end}`; patience -= 1) await new Promise(requestAnimationFrame);
      found.push(shown(player));
    }
    return found;
  }, [press, shown, numbers, run.steps.length]);
}

/** The player of a run, scrolled to and ready for use. */
export async function playerOf(page, run) {
  const player = page.locator("run-player", { has: page.locator(`[data-run="${run.name}"]`) });
  await player.locator(".run-lanes").scrollIntoViewIfNeeded();
  await button(player, "Play").waitFor();
  return player;
}

export const button = (player, name) => player.getByRole("button", { name, exact: true });

/** Waits until the player shows a step. */
export const reach = (player, run, number) =>
  player.locator(".run-count", { hasText: new RegExp(`^${number} / ${run.steps.length}$`) }).waitFor();
