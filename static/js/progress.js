// What this browser remembers of its reader, and nobody else learns: one entry of localStorage,
// { v: 1, last: PATH, pages: { PATH: { title, at, section, read } }, ticks: { EXERCISE: true }, answers: { PATH: { QUESTION: NUMBER } } }.
// What is damaged, or of another version, counts as nothing. Where nothing can be kept, it lasts as long as the page.
const KEY = "async-rust-progress";
const PARTS = ["pages", "ticks", "answers"];
let unkept; // what storage did not take

const isObject = (value) => value?.constructor === Object;
const isSound = ({ v, ...kept }) => v === 1 && PARTS.every((part) => isObject(kept[part]))
  && [kept.pages, kept.answers].flatMap(Object.values).every(isObject);

/** What is remembered. */
export function progress() {
  if (unkept) return unkept;
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    if (isSound(kept)) return kept;
  } catch {} // none, no JSON, or no storage
  return { v: 1, pages: {}, ticks: {}, answers: {} };
}

/** Changes what is remembered; the elements of this page and of other windows hear of it. */
export function remember(change) {
  const kept = progress();
  change(kept);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
    unkept = undefined;
  } catch {
    unkept = kept; // turned off, or full
  }
  dispatchEvent(new Event("progress"));
}

export function forget() {
  unkept = undefined;
  try {
    localStorage.removeItem(KEY);
  } catch {}
  dispatchEvent(new Event("progress"));
}

/** Shows what is remembered, now and after each change. */
export function follow(show) {
  show(progress());
  addEventListener("progress", () => show(progress()));
  addEventListener("storage", ({ key }) => (key === KEY || key === null) && show(progress()));
}
