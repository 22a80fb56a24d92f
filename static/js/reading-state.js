// <reading-state>: a box to tick, "Read", which ticks itself when the end of the chapter has been in view; and the note of
// the section that is being read, from the first heading that is passed on.
import { follow, progress, remember } from "./progress.js";

const HERE = location.pathname;

customElements.define("reading-state", class extends HTMLElement {
  connectedCallback() {
    const label = document.createElement("label");
    this.box = Object.assign(document.createElement("input"), { type: "checkbox", title: "Ticks itself once the end of the text was in view" });
    this.box.onchange = () => this.note({ read: this.box.checked });
    label.append(this.box, " Read");
    this.replaceChildren(label);
    follow(({ pages }) => (this.box.checked = pages[HERE]?.read === true));

    this.title = document.querySelector("main h1").textContent;
    this.headings = [...document.querySelectorAll("article > :is(h2, h3):has(> a)")];
    const passing = new IntersectionObserver(() => this.pass(), { rootMargin: "10000000px 0px -75% 0px" });
    for (const heading of this.headings) passing.observe(heading);
    const end = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.note({ read: true }));
    end.observe(document.querySelector("article + *"));
  }

  /** The last heading in the upper quarter of the window, or above it, is that of the section that is read. */
  pass() {
    const at = this.headings.findLast((heading) => heading.getBoundingClientRect().top <= innerHeight / 4 + 1);
    if (at) this.note({ at: at.id, section: at.querySelector("a").textContent });
  }

  note(news) {
    const known = progress().pages[HERE];
    const isNew = Object.entries(news).some(([key, value]) => known?.[key] !== value);
    if (!isNew && progress().last === HERE) return;
    remember((kept) => {
      kept.last = HERE;
      kept.pages[HERE] = { ...known, title: this.title, ...news };
    });
  }
});
