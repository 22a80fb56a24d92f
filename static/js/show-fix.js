// <show-fix>: in the bar of a program that fixes the one above it, a button that shows what changed from that one; of a step,
// all lines that it removes from the step before it.
import { say } from "./words.js";

const PROGRAMS = 'main figure.code:not(.step):has(code[data-lang="rust"])';
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const linesOf = (figure) => figure.querySelector("code").textContent.trimEnd().split("\n");

/** Each line with its mark: "-" only before, "+" only after, " " in both. What is longest in both stays. */
function compare(before, after) {
  const common = Array.from({ length: before.length + 1 }, () => Array(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i][j] = before[i] === after[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    if (i < before.length && before[i] === after[j]) lines.push([" ", after[j]]), i += 1, j += 1;
    else if (i < before.length && (j === after.length || common[i + 1][j] >= common[i][j + 1])) lines.push(["-", before[i]]), i += 1;
    else lines.push(["+", after[j]]), j += 1;
  }
  return lines;
}

customElements.define("show-fix", class extends HTMLElement {
  connectedCallback() {
    this.button = make("button", { type: "button", textContent: say("what_changed"), ariaPressed: "false", onclick: () => this.toggle() });
    this.says = make("span", { role: "status" });
    this.replaceChildren(this.says, this.button);
  }

  toggle() {
    const figure = this.closest("figure");
    if (figure.matches(".step")) return this.toggleRemoved(figure);
    this.build();
    const isShown = this.button.ariaPressed !== "true";
    this.button.ariaPressed = String(isShown);
    this.says.textContent = isShown ? this.sum : "";
    this.program.hidden = isShown;
    this.changes.hidden = !isShown;
  }

  toggleRemoved(figure) {
    const isShown = figure.toggleAttribute("data-changes");
    const lines = (tag) => [...figure.querySelectorAll(`code ${tag}`)].reduce((sum, it) => sum + it.textContent.trimEnd().split("\n").length, 0);
    this.button.ariaPressed = String(isShown);
    this.says.textContent = isShown ? say("changes", { removed: lines("del"), added: lines("mark") }) : "";
  }

  build() {
    if (this.changes) return;
    const figure = this.closest("figure");
    const all = [...document.querySelectorAll(PROGRAMS)];
    const lines = compare(linesOf(all[all.indexOf(figure) - 1]), linesOf(figure));
    const count = (mark) => lines.filter(([it]) => it === mark).length;
    this.sum = say("changes", { removed: count("-"), added: count("+") });
    const tags = { "-": "del", "+": "ins" };
    const shown = lines.map(([mark, line]) => {
      const text = `${mark} ${line}\n`;
      return mark in tags ? make(tags[mark], {}, text) : text;
    });
    this.program = figure.querySelector("pre");
    this.changes = make("pre", { tabIndex: 0 }, make("code", {}, ...shown));
    this.program.after(this.changes);
  }
});
