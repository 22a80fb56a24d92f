// <fold-code lines="110">: in the bar of a long listing, which can be scrolled in its box: a button that opens it whole.
customElements.define("fold-code", class extends HTMLElement {
  connectedCallback() {
    const figure = this.closest("figure");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const show = (isWhole) => {
      figure.toggleAttribute("data-long", !isWhole);
      button.ariaExpanded = String(isWhole);
      button.textContent = isWhole ? "Fold" : `All ${this.getAttribute("lines")} lines`;
    };
    button.onclick = () => show(figure.hasAttribute("data-long"));
    show(false);
    this.replaceChildren(button);
  }
});
