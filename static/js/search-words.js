// The words of the search's index, and which of them a reader may have meant. code/press/search cut the book into the same words.

/** The words of a query, in lower case: names whole, neighbors in a path once more together (`tokio::main`). */
export function split(query) {
  const words = [];
  let before = null;
  for (const { 0: name, index } of query.matchAll(/[\p{L}\p{N}_]+/gu)) {
    const word = name.replace(/^_+|_+$/g, "").toLowerCase();
    if (word && before && query.slice(before.end, index) === "::") words.push({ word: `${before.word}::${word}`, path: true });
    if (word) words.push({ word, parts: parts(name) });
    before = { word, end: index + name.length };
  }
  return words;
}

/** `spawn_blocking` → spawn, blocking; `JoinSet` → join, set. */
const parts = (name) => name.split(/_+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u).filter(Boolean).map((part) => part.toLowerCase());

/** What is left of a word without its ending: `cancelled`, `cancellation` and `cancels` all give `cancel`. */
export function stem(word) {
  if (/[_:\d]/.test(word)) return word;
  const bare = word.replace(/(?<=...)(?:ations?|ings?|ions?|ers?|ors?|ed|es|s|ly|e)$/, "");
  return bare.replace(/(?<=..)(\p{L})\1$/u, "$1");
}

/** How many letters are wrong, missing, too many or swapped; more than `most` count as Infinity.
    With `open`, the word may go on after what was asked. */
export function distance(asked, word, most, open = false) {
  if (!open && Math.abs(asked.length - word.length) > most) return Infinity;
  let [older, old] = [[], Array.from({ length: word.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= asked.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= word.length; j++) {
      row[j] = Math.min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (asked[i - 1] !== word[j - 1]));
      if (i > 1 && j > 1 && asked[i - 1] === word[j - 2] && asked[i - 2] === word[j - 1]) row[j] = Math.min(row[j], older[j - 2] + 1);
      least = Math.min(least, row[j]);
    }
    if (least > most) return Infinity;
    [older, old] = [old, row];
  }
  const wrong = open ? Math.min(...old) : old[word.length];
  return wrong > most ? Infinity : wrong;
}

const MANY = 16; // meanings of one word that are looked for

export class Vocabulary {
  /** `coded` has all words in order, each after a digit that says how much it shares with the one before. */
  constructor(coded, stop) {
    let before = "";
    this.words = coded.split(" ").map((rest) => (before = before.slice(0, rest[0]) + rest.slice(1)));
    this.stop = new Set(stop.split(" "));
    this.at = new Map(this.words.map((word, at) => [word, at]));
    this.stems = new Map();
    this.words.forEach((word, at) => {
      const key = stem(word);
      this.stems.has(key) ? this.stems.get(key).push(at) : this.stems.set(key, [at]);
    });
  }

  /** The words that may be meant, as [number, how surely]. The last word may go on: the reader is still typing it.
      Of a part of a name no similar words are meant; `part` says what it counts. */
  meanings(word, isLast, part) {
    const found = new Map();
    const add = (at, sure) => sure > (found.get(at) ?? 0) && found.set(at, sure);
    if (this.at.has(word)) add(this.at.get(word), 1);
    for (const at of this.stems.get(stem(word)) ?? []) add(at, 0.8);
    const known = found.size > 0;
    if (isLast || !known && word.length > 3) {
      for (let at = this.first(word); this.words[at]?.startsWith(word); at++) {
        add(at, (known ? 0.4 : isLast ? 0.9 : 0.6) * Math.sqrt(word.length / this.words[at].length));
      }
    }
    if (!found.size && word.length > 3 && !part) this.similar(word, isLast, add);
    return [...found].map(([at, sure]) => [at, sure * (part ?? 1)]).sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MANY);
  }

  similar(word, isLast, add) {
    const most = word.length > 7 ? 2 : 1;
    this.words.forEach((candidate, at) => {
      const whole = distance(word, candidate, most);
      if (whole <= most) return add(at, whole === 1 ? 0.7 : 0.5);
      if (isLast && distance(word, candidate, most - (word.length < 10), true) <= most) add(at, 0.4 * Math.sqrt(word.length / candidate.length));
    });
  }

  /** The number of the first word that does not come before `word`. */
  first(word) {
    let [low, high] = [0, this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
