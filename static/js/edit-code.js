// The program of a figure as a field that the reader can change. Loaded by run-code.js once they press Edit.
import { say } from "./words.js";

const make = (tag, properties, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

export class Editor {
  /** `run()` runs what stands in the field; `changed(text)` hears of each change. */
  constructor(figure, { run, changed }) {
    this.pre = figure.querySelector("pre");
    this.original = figure.querySelector("code").textContent.trimEnd();
    this.tell = changed;
    this.numbers = make("div", { ariaHidden: "true" });
    this.field = make("textarea", { value: this.original, spellcheck: false, autocapitalize: "off", wrap: "off", ariaLabel: say("your_program", { title: figure.ariaLabel }) });
    this.errors = make("ul", {});
    const reset = make("button", { type: "button", textContent: say("reset"), onclick: () => this.reset() });
    this.element = make("div", { className: "edit", hidden: true },
      make("div", {}, this.numbers, this.field), this.errors, make("p", {}, reset, ` ${say("edit_keys")}`));
    this.pre.after(this.element);
    this.field.oninput = () => {
      this.number();
      changed(this.field.value);
    };
    this.field.onkeydown = (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) run();
      else this.indent();
    };
    this.number();
  }

  get isOpen() {
    return !this.element.hidden;
  }

  toggle() {
    this.element.hidden = this.isOpen;
    this.pre.hidden = this.isOpen;
    if (this.isOpen) this.field.focus({ preventScroll: true });
  }

  reset() {
    this.field.value = this.original;
    this.number();
    this.mark([]);
    this.tell(this.original);
    this.field.focus();
  }

  /** A new line begins where the one above it does. */
  indent() {
    const { value, selectionStart: from, selectionEnd: to } = this.field;
    const above = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
    this.field.setRangeText(`\n${above.match(/^ */)[0]}${above.endsWith("{") ? "    " : ""}`, from, to, "end");
    this.field.oninput();
  }

  number() {
    const count = this.field.value.split("\n").length;
    this.field.rows = count;
    this.numbers.replaceChildren(...Array.from({ length: count }, (_, at) => make("span", { textContent: at + 1 })));
  }

  /** Shows what the compiler says of the lines, as [line, message]. */
  mark(errors) {
    for (const number of this.numbers.children) delete number.dataset.error;
    this.errors.replaceChildren(...errors.map(([line, message]) => {
      const number = this.numbers.children[line - 1];
      if (number) number.dataset.error = "";
      return make("li", {}, make("button", { type: "button", textContent: say("error_at", { number: line }), onclick: () => this.go(line) }), ` ${message}`);
    }));
  }

  go(line) {
    const lines = this.field.value.split("\n");
    const from = lines.slice(0, line - 1).join("\n").length + Number(line > 1);
    this.field.focus();
    this.field.setSelectionRange(from, from + (lines[line - 1] ?? "").length);
  }
}

/** The errors in what the compiler printed, as [line, message]. */
export function errorsIn(text) {
  return Array.from(text.matchAll(/^(error(?:\[E\d+\])?: .*)\n *--> src\/main\.rs:(\d+)/gm), ([, message, line]) => [Number(line), message]);
}
