// <copy-code label="Copy">: a button that copies the program of its figure; of a console session, only what the reader types; of a step,
// the folded lines too, and none that it removes.
customElements.define("copy-code", class extends HTMLElement {
  connectedCallback() {
    const label = this.getAttribute("label");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.onclick = async () => {
      const isCopied = await this.copy();
      const { say } = await import("./words.js");
      button.textContent = say(isCopied ? "copied" : "copy_failed");
      setTimeout(() => (button.textContent = label), 2000);
    };
    this.role = "status"; // says "Copied" aloud
    this.replaceChildren(button);
  }

  program(figure, code) {
    if (!figure.matches(".step")) return code.textContent;
    const whole = document.createElement("code");
    whole.append(...[...figure.querySelectorAll("pre > code")].map((piece) => piece.cloneNode(true)));
    for (const removed of whole.querySelectorAll("del")) removed.remove();
    return whole.textContent;
  }

  async copy() {
    const figure = this.closest("figure");
    const code = figure.querySelector("[role=tabpanel]:not([hidden]) code") ?? figure.querySelector("code");
    const typed = code.textContent.split("\n").filter((line) => line.startsWith("$ "));
    const field = figure.querySelector(".edit:not([hidden]) textarea");
    const text = field?.value ?? (typed.length ? typed.map((line) => line.slice(2)).join("\n") : this.program(figure, code));
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(code); // no permission: select it, so that the reader's own keys work
      return false;
    }
  }
});
