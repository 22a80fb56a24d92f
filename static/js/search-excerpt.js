// What a result of the search shows of its section: the line that says most of what was asked, with the words marked.

const LENGTH = 170; // letters of an excerpt
const BEFORE = 60; // of them before the first word that was asked for

/** Finds words of the index in a text, wherever a name or a part of one begins and ends. */
export function marker(words) {
  if (!words.length) return /(?!)/;
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${longestFirst.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}

/** A text as [text, is marked, is code]; code stands between backticks. */
export function pieces(text, marks, inCode = false) {
  const found = [];
  for (const run of text.split("`")) {
    let end = 0;
    for (const { 0: word, index } of run.matchAll(marks)) {
      found.push([run.slice(end, index), false, inCode], [word, true, inCode]);
      end = index + word.length;
    }
    found.push([run.slice(end), false, inCode]);
    inCode = !inCode;
  }
  return found.filter(([text]) => text);
}

/** The telling part of a section's text, as pieces. */
export function excerpt(text, words) {
  const marks = marker(words);
  let [best, most] = ["", -1];
  for (const line of text.split("\n")) {
    const found = new Set(Array.from(line.matchAll(marks), ([word]) => word.toLowerCase()));
    const score = found.size - (line[0] === "\t") / 2; // a sentence rather than a line of code
    if (score > most) [best, most] = [line, score];
  }
  if (best[0] === "\t") return pieces(best.slice(1, LENGTH), marks, true);
  const first = Math.max(0, best.search(marks));
  let start = first <= BEFORE ? 0 : best.indexOf(" ", first - BEFORE) + 1;
  if (start > first) start = first;
  let end = start + LENGTH >= best.length ? best.length : best.lastIndexOf(" ", start + LENGTH);
  if (end <= start) end = start + LENGTH;
  const inCode = best.slice(0, start).split("`").length % 2 === 0;
  const shown = pieces(best.slice(start, end), marks, inCode);
  if (start > 0) shown.unshift(["… ", false, false]);
  if (end < best.length) shown.push([" …", false, false]);
  return shown;
}
