// <fold-code open="All 110 lines" close="Fold">: in the bar of a long listing, which can be scrolled in its box: a button that opens it whole.
customElements.define("fold-code", class extends HTMLElement {
  connectedCallback() {
    const figure = this.closest("figure");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const show = (isWhole) => {
      figure.toggleAttribute("data-long", !isWhole);
      button.ariaExpanded = String(isWhole);
      button.textContent = this.getAttribute(isWhole ? "close" : "open");
    };
    button.onclick = () => show(figure.hasAttribute("data-long"));
    show(false);
    this.replaceChildren(button);
  }
});
