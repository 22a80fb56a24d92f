// <run-code label="Run">: sends the program of its figure to the Rust Playground and shows what comes back, below the program.
const PLAYGROUND = "https://play.rust-lang.org/";
const PATIENCE = 30_000; // milliseconds

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

customElements.define("run-code", class extends HTMLElement {
  connectedCallback() {
    const figure = this.closest("figure");
    this.code = figure.querySelector("code");
    this.button = make("button", { type: "button", textContent: this.getAttribute("label"), onclick: () => this.run() });
    this.editing = make("button", { type: "button", textContent: this.getAttribute("edit"), ariaPressed: "false", onclick: () => this.edit() });
    this.link = make("a", { textContent: "Playground" });
    this.lead(this.code.textContent);
    this.replaceChildren(this.editing, this.button, this.link);

    this.verdict = make("p", { role: "status" });
    this.output = make("pre", { tabIndex: 0, hidden: true });
    figure.append(this.verdict, this.output);
  }

  lead(code) {
    this.link.href = `${PLAYGROUND}?${new URLSearchParams({ version: "stable", mode: "debug", edition: "2024", code })}`;
  }

  /** Turns the program into a field, or back. */
  async edit() {
    const { Editor, errorsIn } = await (this.loading ??= this.load());
    this.errorsIn = errorsIn;
    this.editor ??= new Editor(this.closest("figure"), { run: () => this.run(), changed: (code) => this.lead(code) });
    this.editor.toggle();
    this.editing.ariaPressed = String(this.editor.isOpen);
  }

  async load() {
    const [editor, { styled }] = await Promise.all([import("./edit-code.js"), import("./styled.js")]);
    await styled("edit-code");
    return editor;
  }

  /** What runs: the program, or what the reader made of it. */
  get program() {
    return this.editor?.isOpen ? this.editor.field.value : this.code.textContent;
  }

  async run() {
    if (this.button.ariaDisabled) return;
    this.button.ariaDisabled = "true";
    const { say } = await import("./words.js");
    this.show(say("is_running"));
    try {
      this.show(...this.read(await this.ask(), say));
    } catch (error) {
      this.show(error.name === "TimeoutError"
        ? say("no_answer", { seconds: PATIENCE / 1000 })
        : say("no_playground", { error: error.message }));
    }
    this.button.ariaDisabled = null;
  }

  async ask() {
    const response = await fetch(`${PLAYGROUND}execute`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        channel: "stable", mode: "debug", edition: "2024", crateType: "bin", tests: false, backtrace: false,
        code: this.program,
      }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok || answer.error) throw new Error(answer.error ?? `HTTP ${response.status}`);
    return answer;
  }

  /** What an answer of the Playground means: a sentence, and the text to show under it. */
  read({ success, exitDetail, stdout = "", stderr = "" }, say) {
    const { refused, shouldPanic } = this.editor?.isOpen ? {} : this.code.dataset; // what was changed promises nothing
    const [cargo, errors] = stderr.split(/^ *Running `.*\n/m); // before it cargo speaks, after it the program
    if (errors === undefined) {
      this.editor?.mark(this.errorsIn(cargo));
      const message = cargo.replace(/^ *(Compiling|Finished|Blocking|Updating) .*\n/gm, "");
      return [say(refused ? "refused_rightly" : "refused"), message];
    }
    this.editor?.mark([]);
    const printed = stdout + errors;
    if (success) return printed ? [say("printed"), printed] : [say("printed_nothing")];
    if (/^thread '.*panicked at/m.test(errors)) return [say(shouldPanic ? "panics_rightly" : "it_panicked"), printed];
    return [say("stopped", { reason: exitDetail || say("limits") }), printed];
  }

  show(verdict, text = "") {
    this.verdict.textContent = verdict;
    this.output.textContent = text.trimEnd();
    this.output.hidden = !text;
  }
});
