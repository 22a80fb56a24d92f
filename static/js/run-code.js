// <run-code>: sends the program of its figure to the Rust Playground and shows what comes back, below the program.
const PLAYGROUND = "https://play.rust-lang.org/";
const PATIENCE = 30_000; // milliseconds

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

customElements.define("run-code", class extends HTMLElement {
  connectedCallback() {
    const figure = this.closest("figure");
    this.code = figure.querySelector("code");
    this.button = make("button", { type: "button", textContent: "Run", onclick: () => this.run() });
    const query = new URLSearchParams({ version: "stable", mode: "debug", edition: "2024", code: this.code.textContent });
    this.replaceChildren(this.button, make("a", { href: `${PLAYGROUND}?${query}`, textContent: "Playground", title: "Open this program in the Rust Playground" }));

    this.verdict = make("p", { role: "status" });
    this.output = make("pre", { tabIndex: 0, hidden: true });
    figure.append(this.verdict, this.output);
  }

  async run() {
    if (this.button.ariaDisabled) return;
    this.button.ariaDisabled = "true";
    this.show("Running on the Rust Playground …");
    try {
      this.show(...this.read(await this.ask()));
    } catch (error) {
      this.show(error.name === "TimeoutError"
        ? `The Playground did not answer within ${PATIENCE / 1000} seconds. It may be busy: run the program again.`
        : `The Playground cannot be reached (${error.message}). Are you offline? The program runs in a project of your own too.`);
    }
    this.button.ariaDisabled = null;
  }

  async ask() {
    const response = await fetch(`${PLAYGROUND}execute`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        channel: "stable", mode: "debug", edition: "2024", crateType: "bin", tests: false, backtrace: false,
        code: this.code.textContent,
      }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok || answer.error) throw new Error(answer.error ?? `status ${response.status}`);
    return answer;
  }

  /** What an answer of the Playground means: a sentence, and the text to show under it. */
  read({ success, exitDetail, stdout = "", stderr = "" }) {
    const { refused, shouldPanic } = this.code.dataset;
    const [cargo, errors] = stderr.split(/^ *Running `.*\n/m); // before it cargo speaks, after it the program
    if (errors === undefined) {
      const message = cargo.replace(/^ *(Compiling|Finished|Blocking|Updating) .*\n/gm, "");
      return [refused ? "The compiler refuses it, as it should:" : "The compiler refuses it:", message];
    }
    const printed = stdout + errors;
    if (success) return printed ? ["It ran to the end and printed:", printed] : ["It ran to the end and printed nothing: every assertion holds."];
    if (/^thread '.*panicked at/m.test(errors)) return [shouldPanic ? "It panics, as it should:" : "It panicked:", printed];
    return [`It was stopped: ${exitDetail || "the Playground's limits are 10 seconds and 512 MB"}.`, printed];
  }

  show(verdict, text = "") {
    this.verdict.textContent = verdict;
    this.output.textContent = text.trimEnd();
    this.output.hidden = !text;
  }
});
