// <keep-offline>: keeps the whole book on this device if the reader wants it, and says first how much that is.
import { say } from "./words.js";

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

customElements.define("keep-offline", class extends HTMLElement {
  async connectedCallback() {
    if (!navigator.serviceWorker) return;
    await navigator.serviceWorker.ready;
    this.button = make("button", { type: "button", onclick: () => this.act() });
    this.says = make("span", { role: "status" });
    this.replaceChildren(this.button, this.says);
    this.ask("state");
  }

  /** Asks the worker, and shows what it answers. */
  ask(task) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.show(data);
    navigator.serviceWorker.ready.then(({ active }) => active.postMessage({ task }, [port2]));
  }

  act() {
    if (this.button.ariaDisabled) return;
    this.button.ariaDisabled = "true";
    this.ask(this.isWhole ? "forget" : "whole");
  }

  show({ bytes = this.bytes, isWhole, done, total, failed }) {
    this.bytes = bytes;
    if (done) {
      this.says.textContent = say("files_kept", { done, total });
      return;
    }
    this.button.ariaDisabled = null;
    if (failed !== undefined) {
      this.says.textContent = say("keep_failed");
      return;
    }
    this.isWhole = isWhole;
    this.button.textContent = isWhole ? say("remove_book") : say("keep_book", { size: (bytes / 1e6).toFixed(1) });
    this.says.textContent = isWhole ? say("book_is_kept") : "";
  }
});
