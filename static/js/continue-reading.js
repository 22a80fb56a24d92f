// <continue-reading>: the way in, which leads to where the reader was once there is such a place.
import { follow } from "./progress.js";
import { say } from "./words.js";

customElements.define("continue-reading", class extends HTMLElement {
  connectedCallback() {
    const link = this.querySelector("a");
    const { href, textContent } = link;
    follow(({ last, pages }) => {
      const { title, at, section } = pages[last] ?? {};
      link.textContent = title ? say("continue", { title }) : textContent;
      if (title && section) link.append(" ", Object.assign(document.createElement("small"), { textContent: section }));
      link.href = title ? `${last}${at ? `#${at}` : ""}` : href;
    });
  }
});
