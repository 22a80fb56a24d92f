// <reading-state>: a box to tick, "Read", which ticks itself when the end of the chapter has been in view; and the note of
// the section that is being read, from the first heading that is passed on.
import { onPassedHeading } from "./passed-heading.js";
import { follow, progress, remember } from "./progress.js";
import { say } from "./words.js";

const HERE = location.pathname;

customElements.define("reading-state", class extends HTMLElement {
  connectedCallback() {
    const label = document.createElement("label");
    this.box = Object.assign(document.createElement("input"), { type: "checkbox", title: say("read_by_itself") });
    this.box.onchange = () => this.note({ read: this.box.checked });
    label.append(this.box, ` ${say("read")}`);
    this.replaceChildren(label);
    follow(({ pages }) => (this.box.checked = pages[HERE]?.read === true));

    this.title = document.querySelector("main h1").textContent;
    const headings = [...document.querySelectorAll("article > :is(h2, h3):has(> a)")];
    onPassedHeading(headings, (at) => at >= 0 && this.note({ at: headings[at].id, section: headings[at].querySelector("a").textContent }));
    const end = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.note({ read: true }));
    end.observe(document.querySelector("article + *"));
  }

  note(news) {
    const { last, pages: { [HERE]: known } } = progress();
    const isNew = Object.entries(news).some(([key, value]) => known?.[key] !== value);
    if (!isNew && last === HERE) return;
    remember((kept) => {
      kept.last = HERE;
      kept.pages[HERE] = { ...known, title: this.title, ...news };
    });
  }
});
