// <site-search>: the dialog of the masthead's search, opened by elements.js. Finds sections as the reader types.
import { SearchIndex } from "./search-index.js";
import { excerpt, marker, pieces } from "./search-excerpt.js";
import { styled } from "./styled.js";

const SITE = new URL(document.querySelector(".brand").href); // in the language of the page
const SHOWN = 20; // results
const BEGUN = 250; // milliseconds to wait for a third letter
const PAUSE = 200; // milliseconds without a key, after which excerpts are fetched

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const quoted = (words) => words.map((word) => say("quoted", { word })).join(", ");
const shown = (parts) => parts.map(([text, isMarked, isCode]) => {
  const inner = isCode ? make("code", {}, text) : text;
  return isMarked ? make("mark", {}, inner) : inner;
});

async function get(path) {
  const response = await fetch(new URL(`search/${path}`, SITE), path === "index.json" ? { cache: "no-cache" } : {});
  if (!response.ok) throw new Error(`HTTP ${response.status}`, { cause: response.status });
  return response.json();
}

// What was typed meanwhile is looked for at once, while the styles and the words are still on their way.
const search = document.querySelector("site-search");
let ready = load();
ready.then((index) => index.find(search.querySelector("input").value)).catch(() => {}); // ask() tells

async function load() {
  const { early } = search; // elements.js has asked for it already
  search.early = null;
  return new SearchIndex(await early ?? await get("index.json"), get);
}

const [{ say }] = await Promise.all([import("./words.js"), styled("site-search")]);

customElements.define("site-search", class extends HTMLElement {
  connectedCallback() {
    [this.dialog, this.field, this.status, this.list] = ["dialog", "input", "[role=status]", "ol"].map((name) => this.querySelector(name));
    this.near = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.explain(target);
    }, { root: this.list, rootMargin: "0px" });
    this.field.oninput = () => this.ask();
    this.dialog.onkeydown = (event) => this.move(event);
    this.dialog.onclick = ({ target }) => (target === this.dialog || target.closest("ol a")) && this.dialog.close();
    if (document.querySelector("main [data-search]")) this.field.value ||= this.lost(); // the page of a wrong address
    this.ask();
  }

  /** The words of an address that leads nowhere. */
  lost() {
    return decodeURI(location.pathname.slice(SITE.pathname.length)).replace(/\.html$|[^\p{L}\p{N}_]+/gu, " ").trim();
  }

  ask() {
    return (this.answering = this.answer(this.query()));
  }

  query() {
    return this.field.value.trim() && this.field.value;
  }

  async answer(query) {
    // A word that has only begun asks for much and says little: it may go on.
    if (/(?<![\p{L}\p{N}_])[\p{L}\p{N}]{1,2}$/u.test(query)) await new Promise((done) => setTimeout(done, BEGUN));
    if (query !== this.query()) return;
    try {
      const index = await (ready ??= load());
      const answer = query ? await index.find(query) : { results: [], asked: [] };
      if (query !== this.query()) return;
      this.show(answer);
      if (query && !this.isKept) setTimeout(() => this.keep(), PAUSE * 10);
      this.isKept ||= query !== "";
    } catch (error) {
      ready = null; // the next key tries again, with the newest index
      this.list.replaceChildren();
      this.status.textContent = error.cause === 404
        ? say("no_index")
        : say("bad_index", { error: error.message });
    }
  }

  /** Once the reader searches, all of the index is kept for searching offline, but for excerpts. */
  async keep() {
    const { version, letters, words_from } = (await ready).index;
    const files = ["pages", ...Array.from([...letters], (_, at) => `v${at}`), ...words_from.map((_, at) => `w${at}`)];
    const addresses = ["index.json", ...files.map((file) => `${version}/${file}.json`)].map((path) => new URL(`search/${path}`, SITE).href);
    navigator.serviceWorker?.controller?.postMessage({ task: "read", addresses });
  }

  show({ results, asked }) {
    const least = (results[0]?.score ?? 0) / 10; // what answers a tenth as well is noise
    const good = results.filter(({ score }) => score > least);
    this.words = asked.flatMap(({ meant }) => meant);
    const marks = marker(this.words);
    this.near.disconnect();
    this.list.replaceChildren(...good.slice(0, SHOWN).map((result) => this.item(result, marks)));
    this.list.scrollTop = 0;
    this.dialog.toggleAttribute("data-answered", good.length > 0);
    this.status.textContent = asked.length ? this.sum(good.length, asked) : "";
    if (good.length) this.status.append(" ", make("a", { href: `#${new URLSearchParams({ search: this.field.value.trim() })}`, textContent: say("link_to_search") }));
    clearTimeout(this.pause);
    this.pause = setTimeout(() => [...this.list.children].forEach((item) => this.near.observe(item)), PAUSE);
  }

  item({ number, href, chapter, page, above, heading }, marks) {
    const place = make("small", {}, chapter && make("b", {}, `${chapter} `), page, above && ` › ${above}`);
    const link = make("a", { href: new URL(href, SITE) }, place, make("strong", {}, ...shown(pieces(heading, marks))), make("span"));
    return Object.assign(make("li", {}, link), { number });
  }

  /** Says how many sections answer, and what was taken for what. */
  sum(count, asked) {
    const unknown = asked.filter(({ meant }) => !meant.length).map(({ word }) => word);
    if (!count) return say("nothing_has", { words: quoted(unknown) });
    const taken = asked.filter(({ word, meant }) => meant.length && !meant.some((it) => it.startsWith(word.slice(0, 4))));
    const said = [say(count === 1 ? "one_section" : count > SHOWN ? "best_sections" : "sections", { number: count, shown: SHOWN })];
    for (const { word, meant } of taken) said.push(say("taken_for", { word: quoted([word]), meant: quoted([meant[0]]) }));
    if (unknown.length) said.push(say("nothing_like", { words: quoted(unknown) }));
    return `${said.join("; ")}.`;
  }

  /** Shows what a section says, once its result is in view. */
  async explain(item) {
    this.near.unobserve(item);
    const { words } = this;
    const index = await ready;
    const text = await index.text(item.number).catch(() => "");
    item.querySelector("span").replaceChildren(...shown(excerpt(text, words)));
  }

  async move(event) {
    const { key } = event;
    if (event.isComposing) return;
    const links = [...this.list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      const next = at + (key === "ArrowDown" ? 1 : -1);
      (next < 0 ? this.field : links[next])?.focus();
    } else if (key === "Enter" && event.target === this.field) {
      await this.answering;
      this.list.querySelector("a")?.click();
    } else if (at >= 0 && (key === "Backspace" || key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey)) {
      this.field.focus(); // and types on
    }
  }
});
