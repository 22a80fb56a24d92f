// The picture of a run: a cursor at the step, what comes later dimmed, and under each lane's name what it does.
import { inWords } from "./run-state.js";
import { say } from "./words.js";

const make = (tag, attributes, ...inside) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};

const REACH = 6; // how far to the sides of its x a step is drawn

export class Picture {
  constructor(box, run) {
    Object.assign(this, { box, run, svg: box.querySelector("svg") });
    this.label = this.svg.getAttribute("aria-labelledby");
    const [width, height] = run.picture;
    this.now = make("rect", { class: "r-now", x: -REACH, width: 2 * REACH, height });
    this.later = make("rect", { class: "r-later", x: REACH, width, height });

    // The names again, in a column that stays in view where the picture is wider than its box.
    const names = [...this.svg.querySelectorAll("g > text:not([x])")].slice(0, run.lanes.length);
    const left = Math.max(...names.map((name) => name.getBBox().width), 50) + 6;
    this.words = names.map((name) => make("text", { class: "r-doing", y: Number(name.getAttribute("y")) + 14 }));
    const edge = 30; // more than the box's padding, which the names scroll over
    const back = make("rect", { class: "r-back", x: -edge, y: 24, width: left + edge, height });
    this.column = make("g", {}, back, ...names.map((name) => name.cloneNode(true)), ...this.words);
    box.addEventListener("scroll", () => this.keepNames());
  }

  show(state) {
    const { x } = state.step;
    if (!this.now.isConnected) {
      this.svg.querySelector("path").before(this.now);
      this.svg.append(this.later, this.column);
      this.svg.removeAttribute("aria-labelledby");
    }
    this.now.style.transform = this.later.style.transform = `translateX(${x}px)`;
    state.lanes.forEach(({ doing }, lane) => {
      this.words[lane].textContent = doing && say(doing);
      this.words[lane].dataset.doing = doing;
    });
    this.svg.setAttribute("aria-label", say("after_step", { number: state.number, lanes: inWords(state, this.run) }));
    this.box.scrollLeft = x / this.unit() - this.box.clientWidth * 0.6;
    this.keepNames();
  }

  clear() {
    for (const element of [this.now, this.later, this.column]) element.remove();
    this.svg.removeAttribute("aria-label");
    this.svg.setAttribute("aria-labelledby", this.label);
  }

  keepNames() {
    this.column.style.transform = `translateX(${this.box.scrollLeft * this.unit()}px)`;
  }

  /** How much of the picture's own measure a pixel is. */
  unit() {
    return this.run.picture[0] / this.svg.getBoundingClientRect().width;
  }

  /** The number of the last step at or before a point of the window. */
  stepAt(clientX) {
    const x = (clientX - this.svg.getBoundingClientRect().left) * this.unit() + REACH;
    return this.run.steps.filter((step) => step.x <= x).length;
  }
}
