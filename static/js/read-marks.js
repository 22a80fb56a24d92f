// <read-marks>: tells of each link to a chapter in the list before it whether that is in progress or read.
import { follow } from "./progress.js";

const WORDS = { begun: "in progress", read: "read" };

customElements.define("read-marks", class extends HTMLElement {
  connectedCallback() {
    const links = this.previousElementSibling.querySelectorAll("a");
    follow(({ pages }) => {
      for (const link of links) this.mark(link, pages[link.pathname]);
    });
  }

  /** In words, behind the minutes of a chapter; where there are none, for screen readers alone, and the line beside it shows it. */
  mark(link, page) {
    const state = page?.read ? "read" : page && "begun";
    if (link.dataset.state === state) return;
    const place = link.parentElement.querySelector(":scope > small") ?? link;
    place.querySelector("span")?.remove();
    delete link.dataset.state;
    if (!state) return;
    link.dataset.state = state;
    place.append(Object.assign(document.createElement("span"), { textContent: `, ${WORDS[state]}` }));
  }
});
