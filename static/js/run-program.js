// The program of a run: the line that runs, and the places where its tasks are parked.
import { actor } from "./run-state.js";
import { say } from "./words.js";

// Ranges are colored without touching the text; a browser that cannot still has the marked lines.
const paints = "highlights" in CSS
  ? Object.fromEntries(["waiting", "ready", "now"].map((name) => [name, new Highlight()]))
  : {};
for (const [name, paint] of Object.entries(paints)) CSS.highlights.set(`run-${name}`, paint);

export class Program {
  constructor(code, run) {
    this.run = run;
    this.lines = [...code.querySelectorAll(".l")];
    this.ranges = run.places.map(({ span }) => range(code, ...span));
  }

  clear() {
    for (const paint of Object.values(paints)) for (const it of this.ranges) paint.delete(it);
    for (const line of this.lines) {
      delete line.dataset.lane;
      delete line.dataset.doing;
      line.ariaCurrent = null;
    }
  }

  /** Shows a state and returns the line that runs, if one does. */
  show({ step, lanes }) {
    this.clear();
    const here = new Map(); // line → what to write behind it
    for (const place of step.at ?? []) paints.now?.add(this.ranges[place]);
    for (const doing of ["ready", "waiting"]) {
      for (const { name, at } of lanes.filter((lane) => lane.doing === doing)) {
        for (const place of at) {
          paints.now?.delete(this.ranges[place]);
          paints[doing]?.add(this.ranges[place]);
          const line = this.lines[this.run.places[place].line - 1];
          const found = here.get(line) ?? { doing, names: new Set() };
          if (found.doing !== doing) Object.assign(found, { doing, names: new Set() }); // a wait matters more
          here.set(line, { ...found, names: found.names.add(name) });
        }
      }
    }
    for (const [line, { doing, names }] of here) {
      line.dataset.doing = doing;
      line.dataset.lane = `${names.size > 2 ? say("tasks", { number: names.size }) : [...names].join(", ")} ${say(doing)}`;
    }
    const line = step.line && this.lines[step.line - 1];
    if (!line) return null;
    line.ariaCurrent = "step";
    const lane = lanes[actor(step)];
    if (lane?.doing === "running") line.dataset.lane ??= lane.name;
    return line;
  }
}

/** The part of an element's text between two offsets, which count as JavaScript does. */
function range(code, from, to) {
  const found = new Range();
  const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  for (let before = 0; texts.nextNode(); before += texts.currentNode.length) {
    const node = texts.currentNode;
    const holds = (offset) => offset >= before && offset <= before + node.length;
    if (holds(from) && from < before + node.length) found.setStart(node, from - before);
    if (holds(to) && to > before) found.setEnd(node, to - before);
  }
  return found;
}
