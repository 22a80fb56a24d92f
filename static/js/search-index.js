// The search's index, as code/press/search wrote it: finds the sections that answer a query, and what to show of them.
// It fetches only the pieces that the words of a query ask for, each once.
import { Vocabulary, split, stem } from "./search-words.js";

const FORMAT = 3; // of code/press/search/src/files.rs
const PART = 0.2; // what a part of a known name counts
const MEANT = 0.5; // the book's word for what the reader said
const TITLE = 1.3; // a heading that says what the reader said, and nothing else
const LIKELY = 40; // results whose headings are compared
const CODE = 2.5; // a code of the compiler, which says more than all words of its message

const isNumber = (word) => /^\d+$/.test(word);

export class SearchIndex {
  /** `index` is what index.json holds; `read(path)` gives what another file below search/ holds. */
  constructor(index, read) {
    if (index.format !== FORMAT) throw new Error("the page is older than the index: load the page again");
    Object.assign(this, { index, read, pieces: new Map(), rows: new Map() });
    this.vocabulary = new Vocabulary(index, (place) => this.piece(`v${place}`));
    this.weights = Array.from({ length: 52 }, (_, at) => index.step ** at);
    this.piece("pages").catch(() => {}); // find() asks again, and tells
  }

  /** Loads the pages and their sections, once. */
  async list() {
    const { pages, ids, headings, levels, texts } = await this.piece("pages");
    if (this.sections) return;
    let from = 0;
    this.textFrom = texts.map((sections) => (from += sections) - sections);
    this.sections = pages.flatMap(([path, page, chapter], at) => {
      const named = headings[at].split("\n");
      let above = "";
      return ids[at].split(" ").map((written, place) => {
        const [heading, level] = [named[place], levels[at][place]];
        const words = heading.toLowerCase().match(/[a-z0-9]+/g) ?? [];
        const coded = written.match(/[A-Z]|[^A-Z-]+/g) ?? []; // a capital for a word of the heading
        const id = (written === "=" ? words : coded.map((it) => it.replace(/[A-Z]/, (letter) => words[letter.charCodeAt() - 65]))).join("-");
        const section = { href: id ? `${path}#${id}` : path, page, chapter, heading: heading || page, above: level > 2 ? above : "" };
        if (level === "2") above = heading.length > 1 ? heading : ""; // not a letter of the glossary
        return section;
      });
    });
  }

  /** The sections that answer best, and each word of the query with the words it was taken for. */
  async find(query) {
    const asked = await this.understand(query);
    await Promise.all([this.list(), ...asked.flatMap(({ meanings }) => meanings.map(([at]) => this.row(at)))]);
    const scores = new Map(); // section → [sum, words found]
    for (const { meanings, bonus } of asked) {
      const best = new Map(); // a section answers with the meaning it answers best
      for (const [at, sure] of meanings) {
        const counts = /^e\d{4}$/.test(this.vocabulary.words[at]) ? CODE * sure : sure;
        for (const [section, weight] of this.rows.get(at)) best.set(section, Math.max(best.get(section) ?? 0, counts * weight));
      }
      for (const [section, weight] of best) {
        const [sum, count] = scores.get(section) ?? [0, 0];
        scores.set(section, [sum + weight, count + !bonus]);
      }
    }
    const wanted = asked.filter((word) => word.meanings.length && !word.bonus).length || 1;
    const results = [...scores].map(([number, [sum, count]]) => ({ number, score: sum * (count / wanted) ** 2, ...this.sections[number] }));
    const order = (a, b) => b.score - a.score || a.number - b.number;
    results.sort(order);
    const whole = this.telling(query);
    for (const result of results.slice(0, LIKELY)) if (this.telling(result.heading) === whole) result.score *= TITLE;
    results.sort(order);
    return { results, asked: asked.filter((word) => !word.bonus).map(({ word, meanings }) => ({ word, meant: meanings.map(([at]) => this.vocabulary.words[at]) })) };
  }

  /** A text's words that count, to compare headings with queries. */
  telling(text) {
    return split(text).filter(({ word, path }) => !path && word.length > 1 && !this.vocabulary.stop.has(word)).map(({ word }) => stem(word)).join(" ");
  }

  /** The words that count, with their meanings, and what is only a bonus: a path as a whole, the parts of a known name,
      a number beside words ("limit to 10"). */
  async understand(query) {
    const { vocabulary } = this;
    const said = split(query);
    await vocabulary.know(said.flatMap(({ word, parts = [] }) => [word, ...parts]));
    const names = said.filter(({ word, path }) => !path || vocabulary.at.has(word));
    const telling = names.filter(({ word }) => word.length > 1 && !vocabulary.stop.has(word));
    const words = telling.length ? telling : names;
    const saysMore = words.some(({ word }) => !isNumber(word));
    const typing = /[\p{L}\p{N}_]$/u.test(query);
    const asked = await Promise.all(words.map(async ({ word, path, parts }, place) => {
      if (path) return [{ word, bonus: true, meanings: [[vocabulary.at.get(word), 1]] }];
      if (saysMore && isNumber(word)) return [{ word, bonus: true, meanings: await vocabulary.meanings(word) }];
      const meanings = await vocabulary.meanings(word, typing && place === words.length - 1);
      const isKnown = meanings.length > 0;
      for (const other of await this.others(word, names, names.indexOf(words[place]))) meanings.push(other);
      const whole = isKnown || parts.length < 2 ? [{ word, meanings }] : [];
      if (parts.length < 2) return whole;
      return whole.concat(await Promise.all(parts.map(async (part) => (
        { word: part, bonus: isKnown, meanings: await vocabulary.meanings(part, false, isKnown ? PART : 1) }))));
    }));
    return asked.flat();
  }

  /** What a word may mean besides itself: with its neighbors ("dead lock", "block on", "would block"), and in the words of the book. */
  async others(word, names, at) {
    const { vocabulary } = this;
    const [before, next] = [names[at - 1]?.word, names[at + 1]?.word];
    const joined = [word + next, `${word}_${next}`];
    if (vocabulary.stop.has(before) && vocabulary.joined.has(before + word)) joined.push(before + word);
    const meant = vocabulary.meant.get(stem(word)) ?? [];
    await vocabulary.know([...joined, ...meant]);
    const known = (words, sure) => words.filter((it) => vocabulary.at.has(it)).map((it) => [vocabulary.at.get(it), sure]);
    return [...known(joined, 1), ...known(meant, MEANT)];
  }

  /** Loads the sections that have a word, as [section, weight]. */
  async row(at) {
    if (this.rows.has(at)) return;
    const line = await this.line("w", this.index.words_from, at);
    let section = -1;
    this.rows.set(at, Array.from(line.matchAll(/(\d*)([A-Za-z])/g), ([, skipped, letter]) => {
      section += 1 + Number(skipped);
      const code = letter.charCodeAt();
      return [section, this.weights[code > 90 ? code - 71 : code - 65]];
    }));
  }

  /** The text of a section: a paragraph a line, code after a tab and between backticks. */
  text(number) {
    return this.line("t", this.textFrom, number);
  }

  /** One line of a piece; `from` has the number of the first line of each piece. */
  async line(kind, from, number) {
    const piece = from.findLastIndex((first) => first <= number);
    return (await this.piece(`${kind}${piece}`))[number - from[piece]];
  }

  /** What another file of this version holds. */
  piece(name) {
    if (!this.pieces.has(name)) {
      const holds = this.read(`${this.index.version}/${name}.json`);
      this.pieces.set(name, holds);
      holds.catch(() => this.pieces.delete(name)); // it is asked for again
    }
    return this.pieces.get(name);
  }
}
