// <read-marks>: tells of each link to a chapter in the list before it whether that is in progress or read, and how many
// of its exercises are ticked off.
import { follow } from "./progress.js";
import { say } from "./words.js";

customElements.define("read-marks", class extends HTMLElement {
  connectedCallback() {
    const list = this.previousElementSibling;
    const links = list.querySelectorAll("a");
    const exercises = [...list.querySelectorAll("[data-exercises]")].map((line) => [line, line.textContent]);
    follow(({ pages, ticks }) => {
      for (const link of links) this.mark(link, pages[link.pathname]);
      this.textContent = list.querySelector("a[data-state] > span") ? say("legend") : "";
      for (const [line, words] of exercises) {
        const done = line.dataset.exercises.split(" ").filter((name) => ticks[name] === true).length;
        line.textContent = done ? say("exercises_done", { done, exercises: words }) : words;
      }
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
    place.append(Object.assign(document.createElement("span"), { textContent: `, ${say(`is_${state}`)}` }));
  }
});
