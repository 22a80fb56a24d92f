// <forget-progress>: says that something is remembered, and forgets it if the reader presses twice.
import { follow, forget } from "./progress.js";
import { say } from "./words.js";

customElements.define("forget-progress", class extends HTMLElement {
  connectedCallback() {
    this.button = Object.assign(document.createElement("button"), { type: "button", onclick: () => this.press(), onblur: () => this.rest() });
    this.button.textContent = say("forget");
    this.says = document.createElement("span");
    this.replaceChildren(this.button, this.says);
    follow(({ pages, ticks, answers }) => {
      this.isEmpty = [pages, ticks, answers].every((part) => !Object.keys(part).length);
      if (this.isEmpty || !this.isSure) this.rest(); // progress noted meanwhile is no answer to the question
    });
    this.says.role = "status"; // from now on: what is remembered is not read aloud on every page
  }

  /** A button that has the focus is left until the reader leaves it. */
  rest() {
    this.isSure = false;
    this.button.hidden = this.isEmpty && document.activeElement !== this.button;
    if (!this.isEmpty) this.tell("remembered");
  }

  press() {
    if (this.isEmpty) return;
    this.isSure = !this.isSure;
    if (this.isSure) return this.tell("forget_sure");
    forget();
    this.tell("forgotten");
  }

  /** Aloud too, and not twice. */
  tell(key) {
    const text = say(key);
    if (this.says.textContent !== text) this.says.textContent = text;
  }
});
