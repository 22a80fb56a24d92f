// The search's index, as code/press/search wrote it: finds the sections that answer a query, and what to show of them.
// It fetches only the pieces that the words of a query ask for, each once.
import { Vocabulary, split } from "./search-words.js";

const FORMAT = 1; // of code/press/search/src/files.rs
const PART = 0.2; // what a part of a known name counts

export class SearchIndex {
  /** `index` is what index.json holds; `read(path)` gives what another file below search/ holds. */
  constructor(index, read) {
    if (index.format !== FORMAT) throw new Error("the page is older than the index: load the page again");
    Object.assign(this, { index, read, pieces: new Map(), rows: new Map() });
    this.vocabulary = new Vocabulary(index.words, index.stop);
    this.weights = Array.from({ length: 52 }, (_, at) => index.step ** at);
    this.sections = [];
    for (const [path, page, chapter, sections] of index.pages) {
      let above = "";
      for (const [id, heading, level] of sections) {
        this.sections.push({ href: id ? `${path}#${id}` : path, page, chapter, heading: heading || page, above: level > 2 ? above : "" });
        if (level === 2) above = heading.length > 1 ? heading : ""; // not a letter of the glossary
      }
    }
  }

  /** The sections that answer best, and each word of the query with the words it was taken for. */
  async find(query) {
    const asked = this.understand(query);
    await Promise.all(asked.flatMap(({ meanings }) => meanings.map(([at]) => this.row(at))));
    const scores = new Map(); // section → [sum, words found]
    for (const { meanings, bonus } of asked) {
      const best = new Map(); // a section answers with the meaning it answers best
      for (const [at, sure] of meanings) {
        for (const [section, weight] of this.rows.get(at)) best.set(section, Math.max(best.get(section) ?? 0, sure * weight));
      }
      for (const [section, weight] of best) {
        const [sum, count] = scores.get(section) ?? [0, 0];
        scores.set(section, [sum + weight, count + !bonus]);
      }
    }
    const wanted = asked.filter((word) => word.meanings.length && !word.bonus).length || 1;
    const results = [...scores].map(([number, [sum, count]]) => ({ number, score: sum * (count / wanted) ** 2, ...this.sections[number] }));
    results.sort((a, b) => b.score - a.score || a.number - b.number);
    return { results, asked: asked.filter((word) => !word.bonus).map(({ word, meanings }) => ({ word, meant: meanings.map(([at]) => this.vocabulary.words[at]) })) };
  }

  /** The words that count, with their meanings, and what is only a bonus: a path as a whole, the parts of a known name. */
  understand(query) {
    const { vocabulary } = this;
    const names = split(query).filter(({ word, path }) => !path || vocabulary.at.has(word));
    const telling = names.filter(({ word }) => word.length > 1 && !vocabulary.stop.has(word));
    const words = telling.length ? telling : names;
    const typing = /[\p{L}\p{N}_]$/u.test(query);
    const asked = [];
    words.forEach(({ word, path, parts }, place) => {
      if (path) return asked.push({ word, bonus: true, meanings: [[vocabulary.at.get(word), 1]] });
      const isLast = typing && place === words.length - 1;
      const meanings = vocabulary.meanings(word, isLast);
      const at = names.indexOf(words[place]);
      const [before, next] = [names[at - 1]?.word, names[at + 1]?.word];
      for (const joined of [word + next, `${word}_${next}`, vocabulary.stop.has(before) && before + word]) { // "dead lock", "block on", "would block"
        if (vocabulary.at.has(joined)) meanings.push([vocabulary.at.get(joined), 1]);
      }
      const isKnown = meanings.length > 0;
      if (isKnown || parts.length < 2) asked.push({ word, meanings });
      if (parts.length < 2) return;
      for (const part of parts) {
        asked.push({ word: part, bonus: isKnown, meanings: vocabulary.meanings(part, false, isKnown ? PART : 1) });
      }
    });
    return asked;
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
    return this.line("t", this.index.text_from, number);
  }

  /** One line of a piece; `from` has the number of the first line of each piece. */
  async line(kind, from, number) {
    const piece = from.findLastIndex((first) => first <= number);
    const path = `${this.index.version}/${kind}${piece}.json`;
    if (!this.pieces.has(path)) {
      const lines = this.read(path);
      this.pieces.set(path, lines);
      lines.catch(() => this.pieces.delete(path)); // it is asked for again
    }
    return (await this.pieces.get(path))[number - from[piece]];
  }
}
