// <follow-scroll>: in the contents of the page, the entry of the section that is being read is the current one.
import { onPassedHeading } from "./passed-heading.js";

customElements.define("follow-scroll", class extends HTMLElement {
  connectedCallback() {
    this.links = [...this.querySelectorAll("a")];
    const headings = this.links.map((link) => document.getElementById(link.hash.slice(1)));
    this.observer = onPassedHeading(headings, (at) => this.mark(at));
  }

  disconnectedCallback() {
    this.observer.disconnect();
  }

  mark(at) {
    for (const link of this.querySelectorAll("[aria-current]")) link.ariaCurrent = null;
    if (at < 0) return;
    this.links[at].ariaCurrent = "location";
    this.keepInView(this.links[at]);
  }

  // Scrolls the list alone; scrollIntoView would stop the reader's own scrolling of the page.
  keepInView(link) {
    const { top, bottom } = link.getBoundingClientRect();
    const box = this.getBoundingClientRect();
    if (top < box.top) this.scrollTop += top - box.top - box.height / 3;
    if (bottom > box.bottom) this.scrollTop += bottom - box.bottom + box.height / 3;
  }
});
