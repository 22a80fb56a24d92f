// <quiz-card answer="2">: its numbered options become buttons; the choice is judged in words and the answer opens.
customElements.define("quiz-card", class extends HTMLElement {
  connectedCallback() {
    this.verdict = document.createElement("p");
    this.verdict.role = "status";
    this.details = this.querySelector(":scope > details");
    this.details.before(this.verdict);

    this.buttons = [...this.querySelectorAll(":scope > ol > li")].map((item, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.ariaPressed = "false";
      button.append(...(item.querySelector(":scope > p") ?? item).childNodes);
      button.onclick = () => this.choose(index);
      item.replaceChildren(button);
      return button;
    });
  }

  choose(index) {
    const right = index + 1 === Number(this.getAttribute("answer"));
    for (const button of this.buttons) {
      button.ariaPressed = "false";
      delete button.dataset.verdict;
    }
    this.buttons[index].ariaPressed = "true";
    this.buttons[index].dataset.verdict = right ? "right" : "wrong";
    this.verdict.textContent = right ? `${index + 1} is right.` : `${index + 1} is not it. The answer says why.`;
    this.details.open = true;
  }
});
