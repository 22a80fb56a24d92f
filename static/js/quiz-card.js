// <quiz-card answer="2">: its numbered options become buttons; the choice is judged in words and the answer opens.
// A question that was answered before shows the choice.
import { follow, remember } from "./progress.js";
import { say } from "./words.js";

const HERE = location.pathname;

// An answer belongs to the words that were asked, wherever their lines end in the source: a question that was changed is asked anew.
const asked = (text) => text.replace(/\s+/g, " ").slice(0, 80);
const questionOf = (card) => asked(card.querySelector(":scope > p").textContent);
const given = (answers) => Object.fromEntries(Object.entries(answers[HERE] ?? {}).map(([question, choice]) => [asked(question), choice]));

function score(answers) {
  const cards = [...document.querySelectorAll("quiz-card")];
  const right = cards.filter((card) => answers[questionOf(card)] === Number(card.getAttribute("answer"))).length;
  return say("score", { right, all: cards.length });
}

customElements.define("quiz-card", class extends HTMLElement {
  connectedCallback() {
    this.verdict = document.createElement("p");
    this.details = this.querySelector(":scope > details");
    this.details.before(this.verdict);

    this.buttons = [...this.querySelectorAll(":scope > ol > li")].map((item, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.ariaPressed = "false";
      button.append(...(item.querySelector(":scope > p") ?? item).childNodes);
      button.onclick = () => this.answer(index);
      item.replaceChildren(button);
      return button;
    });
    this.question = questionOf(this);
    follow(({ answers }) => this.show(given(answers)));
    this.verdict.role = "status"; // from now on: an older verdict is not read aloud
  }

  answer(index) {
    remember(({ answers }) => ((answers[HERE] ??= {})[this.question] = index + 1));
    this.details.open = true;
  }

  show(answers) {
    const choice = answers[this.question];
    const right = Number(this.getAttribute("answer"));
    for (const [index, button] of this.buttons.entries()) {
      const isChosen = index + 1 === choice;
      button.ariaPressed = String(isChosen);
      if (isChosen) button.dataset.verdict = choice === right ? "right" : "wrong";
      else delete button.dataset.verdict;
    }
    this.verdict.textContent = this.buttons[choice - 1] ? `${say(choice === right ? "right" : "wrong", { answer: choice })} ${score(answers)}` : "";
  }
});
