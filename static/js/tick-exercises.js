// <tick-exercises>: a box before each exercise of the list, for the reader to tick off.
import { follow, remember } from "./progress.js";
import { say } from "./words.js";

customElements.define("tick-exercises", class extends HTMLElement {
  connectedCallback() {
    for (const item of this.querySelectorAll("li")) {
      const name = item.querySelector("code").textContent;
      const box = Object.assign(document.createElement("input"), { type: "checkbox", ariaLabel: say("exercise_is_done", { name }) });
      box.onchange = () => remember(({ ticks }) => (box.checked ? (ticks[name] = true) : delete ticks[name]));
      item.prepend(box, " ");
      follow(({ ticks }) => (box.checked = ticks[name] === true));
    }
  }
});
