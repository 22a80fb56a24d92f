// <code-tabs>: in the bar of a Tokio program, tabs that show the asyncio program above it in its place.
import { say } from "./words.js";

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

customElements.define("code-tabs", class extends HTMLElement {
  connectedCallback() {
    const figure = this.closest("figure");
    const above = [...document.querySelectorAll('figure.code:has(code[data-lang="python"])')]
      .filter((other) => other.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
    const tokio = figure.querySelector("pre");
    const asyncio = above.querySelector("pre").cloneNode(true);
    this.run = figure.querySelector("run-code");
    this.panels = [asyncio, tokio];
    tokio.after(asyncio);
    this.role = "tablist";
    this.ariaLabel = say("program_in");
    this.tabs = ["asyncio", "Tokio"].map((name, at) => make("button", {
      type: "button", role: "tab", textContent: name,
      onclick: () => this.show(at),
      onkeydown: ({ key }) => key in STEPS && this.show((at + STEPS[key] + 2) % 2).focus(),
    }));
    this.replaceChildren(...this.tabs);
    const id = `tabs-${[...document.querySelectorAll("code-tabs")].indexOf(this)}`;
    this.panels.forEach((panel, at) => {
      Object.assign(panel, { id: `${id}-${at}`, role: "tabpanel" });
      panel.ariaLabel = this.tabs[at].textContent;
      this.tabs[at].setAttribute("aria-controls", panel.id);
    });
    this.show(1);
  }

  /** Shows one of the two; answers its tab. */
  show(shown) {
    this.tabs.forEach((tab, at) => {
      tab.ariaSelected = String(at === shown);
      tab.tabIndex = at === shown ? 0 : -1;
      this.panels[at].hidden = at !== shown;
    });
    if (this.run) this.run.hidden = shown === 0; // the Playground knows no Python
    return this.tabs[shown];
  }
});
