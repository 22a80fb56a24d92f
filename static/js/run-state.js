// What is known about a run after so many of its steps: plain data, which run-picture.js and run-program.js show.
import { say } from "./words.js";

const AFTER = {
  spawn: "ready", run: "running", stop: "waiting", budget: "waiting", wake: "ready",
  done: "done", panic: "panicked", cancel: "dropped",
};

export function stateAfter(run, count) {
  const lanes = run.lanes.map(({ name }) => ({ name, doing: "", at: [] }));
  let clock = 0;
  for (const { kind, lane, at = [], ms } of run.steps.slice(0, count)) {
    if (kind === "clock") clock = ms;
    if (lane === undefined || !AFTER[kind]) continue;
    const state = lanes[lane];
    if (kind === "wake" && state.doing === "running") {
      state.woken = true; // it runs on, and is ready as soon as it stops
      continue;
    }
    const stops = kind === "stop" || kind === "budget";
    if (kind !== "wake") state.at = stops ? at : [];
    state.doing = stops && state.woken ? "ready" : AFTER[kind];
    state.woken = false;
  }
  return { number: count, step: run.steps[count - 1], lanes, clock: run.clock === "virtual" ? time(clock) : "" };
}

/** The lane whose code is in a step's line: whoever spawns or wakes, else whom the step happens to. */
export const actor = ({ kind, lane, by }) => (kind === "spawn" || kind === "wake" ? by : lane);

/** A time as the run's own sentences say it. */
function time(ms) {
  return ms > 0 && ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

/** What every lane does, in words, for those who cannot see the picture. */
export function inWords({ lanes }, run) {
  const places = (at) => at.map((place) => say("line", { number: run.places[place].line })).join(say("and"));
  return lanes.filter(({ doing }) => doing)
    .map(({ name, doing, at }) => say(at.length ? "lane_at" : "lane", { name, state: say(doing), places: places(at) })).join(", ");
}
