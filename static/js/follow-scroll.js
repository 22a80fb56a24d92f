// <follow-scroll>: in the contents of the page, the entry of the section that is being read is the current one.
customElements.define("follow-scroll", class extends HTMLElement {
  connectedCallback() {
    this.links = [...this.querySelectorAll("a")];
    this.headings = this.links.map((link) => document.getElementById(link.hash.slice(1)));
    // A section is read from the moment its heading passes a line a quarter down the window; however far
    // above the window it may be then, it counts as passed.
    this.observer = new IntersectionObserver(() => this.mark(), { rootMargin: "10000000px 0px -75% 0px" });
    for (const heading of this.headings) this.observer.observe(heading);
  }

  disconnectedCallback() {
    this.observer.disconnect();
  }

  mark() {
    const line = innerHeight / 4 + 1;
    const at = this.headings.findLastIndex((heading) => heading.getBoundingClientRect().top <= line);
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
