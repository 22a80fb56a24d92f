// <forget-progress>: says that something is remembered, and forgets it if the reader presses twice.
import { follow, forget } from "./progress.js";

const ASK = "Forget what I have read";

customElements.define("forget-progress", class extends HTMLElement {
  connectedCallback() {
    this.button = Object.assign(document.createElement("button"), { type: "button", onclick: () => this.press(), onblur: () => this.rest() });
    this.says = Object.assign(document.createElement("span"), { role: "status" });
    this.replaceChildren(this.button, this.says);
    this.rest();
    follow(({ pages, ticks, answers }) => {
      const isEmpty = [pages, ticks, answers].every((part) => !Object.keys(part).length);
      this.button.hidden = isEmpty;
      if (!isEmpty) this.says.textContent = "Chapters read, exercises ticked and answers given are remembered in this browser, and nowhere else.";
    });
  }

  rest() {
    this.isSure = false;
    this.button.textContent = ASK;
  }

  press() {
    if (!this.isSure) {
      this.isSure = true;
      this.button.textContent = "Press again to forget it";
      return;
    }
    forget();
    this.rest();
    this.says.textContent = "It is forgotten.";
  }
});
