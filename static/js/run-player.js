// <run-player src="NAME.json">: steps through the recorded run of the program inside of it, forward and back.
// Its data is loaded when it is first used; until then there is the still picture.
import { makeBar } from "./run-bar.js";
import { Picture } from "./run-picture.js";
import { Program } from "./run-program.js";
import { stateAfter } from "./run-state.js";
import { styled } from "./styled.js";
import { say } from "./words.js";

await styled("run-player");

customElements.define("run-player", class extends HTMLElement {
  number = 0; // how many steps are taken; with none, the whole picture shows

  connectedCallback() {
    this.code = this.querySelector("[data-run]");
    this.figure = this.querySelector(".run");
    this.lanes = this.figure.querySelector(".run-lanes");
    this.bar = makeBar({
      first: () => this.go(1),
      back: () => this.go(this.number - 1),
      play: () => (this.playing ? this.pause() : this.play()),
      next: () => this.go(this.number + 1),
      last: () => this.go(Infinity),
      seek: (number) => this.go(number),
      share: (event) => this.share(event),
      close: () => this.close(),
    });
    this.lanes.after(this.bar.element);

    this.bar.element.addEventListener("keydown", (event) => this.key(event));
    this.lanes.addEventListener("keydown", (event) => this.number && this.key(event));
    this.lanes.addEventListener("click", (event) => this.number && this.go(this.picture.stepAt(event.clientX)));
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  /** Loads the run, once. A failure is told, and the next use tries again. */
  load() {
    return (this.loading ??= fetch(this.getAttribute("src")).then(async (response) => {
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      this.run = await response.json();
      this.program = new Program(this.code, this.run);
      this.picture = new Picture(this.lanes, this.run);
      return true;
    }).catch((error) => {
      this.bar.tell(say("no_run", { error: error.message }));
      this.loading = null;
      return false;
    }));
  }

  /** Shows the run after so many steps. The reader's own steps end the playing. */
  async go(number) {
    this.pause();
    if (await this.load()) this.show(number);
  }

  show(number) {
    this.number = Math.min(Math.max(number, 1), this.run.steps.length);
    const state = stateAfter(this.run, this.number);
    this.figure.dataset.open = "";
    this.picture.show(state);
    this.bar.show(state, this.run);
    for (const line of this.figure.querySelectorAll("[data-step]")) {
      line.toggleAttribute("data-later", Number(line.dataset.step) > this.number);
    }
    this.reveal(this.program.show(state));
  }

  /** Brings the line that runs into view, above the picture and the controls, which stay at the foot of the window. */
  reveal(line, behavior = "auto") {
    const panel = this.bar.element.getBoundingClientRect().bottom - this.figure.getBoundingClientRect().top;
    this.style.setProperty("--panel", `${panel}px`);
    this.style.setProperty("--rest", `${this.figure.offsetHeight - panel}px`);
    line?.scrollIntoView({ block: "nearest", inline: "nearest", behavior });
  }

  close() {
    this.pause();
    this.number = 0;
    delete this.figure.dataset.open;
    this.program.clear();
    this.picture.clear();
    this.bar.tell();
    for (const line of this.figure.querySelectorAll("[data-later]")) line.removeAttribute("data-later");
    this.bar.play.focus({ preventScroll: true });
  }

  async play() {
    if (!await this.load() || this.playing) return; // pressed twice while it was loading
    this.playing = true;
    this.bar.showPlaying(true);
    if (this.number === this.run.steps.length) this.number = 0;
    this.playOn();
  }

  playOn() {
    this.show(this.number + 1);
    if (this.number === this.run.steps.length) return this.pause();
    const patience = 900 + 25 * this.run.steps[this.number - 1].say.length; // milliseconds, to read the sentence
    this.timer = setTimeout(() => this.playOn(), patience);
  }

  pause() {
    clearTimeout(this.timer);
    if (!this.playing) return;
    this.playing = false;
    this.bar.showPlaying(false);
  }

  disconnectedCallback() {
    this.pause();
  }

  key(event) {
    const { key, target } = event;
    const own = target === this.bar.range ? /^(Arrow|Home|End)/.test(key) : key === " " && target.matches("button");
    const act = {
      ArrowRight: () => this.go(this.number + 1),
      ArrowLeft: () => this.go(this.number - 1),
      Home: () => this.go(1),
      End: () => this.go(Infinity),
      " ": () => this.bar.play.click(),
    }[key];
    if (!act || own || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  /** Opens the step that the address names: #run=NAME&step=12. */
  async follow() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.get("run") !== this.code.dataset.run) return;
    await document.fonts.ready; // until then the page may still move
    this.scrollIntoView({ block: "start", behavior: "instant" });
    await this.go(Number.parseInt(asked.get("step"), 10) || 1);
    this.reveal(this.code.querySelector("[aria-current]"), "instant");
  }

  async share(event) {
    event.preventDefault();
    const { href } = this.bar.link;
    history.replaceState(null, "", href);
    try {
      await navigator.clipboard.writeText(href);
      this.bar.showShared(say("step_link_copied"));
    } catch {
      this.bar.showShared(say("step_link_shown")); // no permission: the reader's own keys copy it
    }
  }
});
