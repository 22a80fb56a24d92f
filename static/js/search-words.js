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
  const bare = word.replace(/(?<=...)(?:(?<=.....)(?:ency|ences?|ents?)|ations?|ings?|ions?|ers?|ors?|ed|es|s|ly|e)$/, "");
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
const FEW = 4; // of one that is still being typed

/** The words of the book, of which only those are loaded that begin with a letter which was asked for. */
export class Vocabulary {
  /** `letters` has the first letters of all words, `from` the number of the first word with each; `read(n)` gives the words
      with the nth: in order, each after a digit that says how much it shares with the one before. */
  constructor({ letters, letters_from: from, stop, joined, meant }, read) {
    Object.assign(this, { letters: [...letters], from, read, loading: [], words: [], at: new Map(), stems: new Map() });
    this.stop = new Set(stop.split(" "));
    this.joined = new Set(joined);
    this.meant = new Map(meant.map(([word, others]) => [stem(word), others.split(" ")]));
  }

  /** Loads the words that begin like these, once. */
  async know(words) {
    const places = new Set(words.map((word) => this.letters.indexOf([...word][0])).filter((place) => place >= 0));
    await Promise.all(Array.from(places, (place) => (this.loading[place] ??= this.load(place))));
  }

  async load(place) {
    const coded = await this.read(place).catch((error) => {
      this.loading[place] = undefined; // it is asked for again
      throw error;
    });
    let before = "";
    coded.split(" ").forEach((rest, number) => {
      const word = before.slice(0, rest[0]) + rest.slice(1);
      const at = this.from[place] + number;
      const key = stem(word);
      this.words[at] = before = word;
      this.at.set(word, at);
      this.stems.has(key) ? this.stems.get(key).push(at) : this.stems.set(key, [at]);
    });
  }

  /** The words that may be meant, as [number, how surely]. The last word may go on: the reader is still typing it.
      Of a part of a name no similar words are meant; `part` says what it counts. */
  async meanings(word, isLast, part) {
    await this.know([word]);
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
    if (!found.size && word.length > 3 && !part) await this.similar(word, isLast, add, found);
    const most = isLast && word.length < 6 ? FEW : MANY; // it goes on, and each word costs a fetch
    return [...found].map(([at, sure]) => [at, sure * (part ?? 1)]).sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most);
  }

  /** Misspellings: first among the words that begin with the first letter or the second, then among all. */
  async similar(word, isLast, add, found) {
    const most = word.length > 7 ? 2 : 1;
    for (const letters of [[word[0], word[1]], this.letters]) {
      await this.know(letters);
      this.words.forEach((candidate, at) => {
        const whole = distance(word, candidate, most);
        if (whole <= most) return add(at, whole === 1 ? 0.7 : 0.5);
        if (isLast && distance(word, candidate, most - (word.length < 10), true) <= most) add(at, 0.4 * Math.sqrt(word.length / candidate.length));
      });
      if (found.size) return;
    }
  }

  /** The number of the first word that does not come before `word`, among those with its first letter. */
  first(word) {
    const place = this.letters.indexOf([...word][0]);
    let [low, high] = [this.from[place], this.from[place + 1] ?? this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
