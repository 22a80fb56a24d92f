// <term-card>: what a word of the glossary means, beside the link to its entry that elements.js was told of.
// It stays while the reader points at the word or at the card, or has the focus on the word; Escape closes it.
const PAUSE = 200; // milliseconds: a pointer that passes by opens nothing, and one on its way to the card closes nothing
const GAP = 6; // pixels

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));
const text = document.querySelector("main");
const card = document.createElement("term-card");
card.id = "term-card";
card.role = "status"; // is read aloud
text.append(card);

let glossary; // the page, once it was asked for
let asked; // the link whose word was asked for last
let open; // the link whose word is explained

/** Explains the word of a link, if the reader is still there when its meaning has come. */
export async function tell(link, isTap) {
  asked = link;
  const meaning = meaningOf(link);
  try {
    if (!isTap) await pause();
    const parts = await meaning;
    if (asked === link && (isTap || isHeld(link))) show(link, isTap ? [...parts, await hint()] : parts);
  } catch {
    if (isTap) location.assign(link.href); // the glossary itself says what is the matter
  }
}

/** The title and the first sentence of an entry; in the source a sentence is a line. */
async function meaningOf({ href, hash }) {
  glossary ??= fetch(href).then((answer) => (answer.ok ? answer.text() : Promise.reject()));
  glossary.catch(() => (glossary = null)); // the next word tries again
  const page = new DOMParser().parseFromString(await glossary, "text/html");
  const heading = page.getElementById(hash.slice(1));
  const title = document.createElement("strong");
  title.append(heading.textContent);
  const sentence = document.createElement("p");
  for (const node of heading.nextElementSibling.childNodes) {
    const isLink = node.localName === "a";
    const [text, more] = node.nodeType === Node.TEXT_NODE ? node.data.split("\n") : [];
    sentence.append(...(isLink ? node.cloneNode(true).childNodes : [text ?? document.importNode(node, true)]));
    if (more !== undefined) break;
  }
  return [title, sentence];
}

const hint = async () => {
  const { say } = await import("./words.js");
  return Object.assign(document.createElement("small"), { textContent: say("tap_again") });
};

const isHeld = (link) => link.matches(":hover, :focus-visible") || card.matches(":hover");

function show(link, parts) {
  close();
  open = link;
  link.setAttribute("aria-describedby", card.id);
  card.replaceChildren(...parts);
  const [word] = link.getClientRects();
  const { width, height } = card.getBoundingClientRect();
  const column = text.getBoundingClientRect();
  const left = Math.max(column.left, Math.min(word.left, column.right - width));
  const isBelow = word.bottom + GAP + height <= innerHeight || word.top < height + GAP;
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${(isBelow ? word.bottom + GAP : word.top - GAP - height) + scrollY}px`;
}

function close() {
  open?.removeAttribute("aria-describedby");
  open = null;
  card.replaceChildren();
}

function dismiss() {
  asked = null;
  close();
}

async function closeSoon() {
  const link = open;
  await pause();
  if (link && link === open && !isHeld(link)) close();
}

addEventListener("pointerout", ({ target, pointerType }) => pointerType !== "touch" && (card.contains(target) || open?.contains(target)) && closeSoon());
addEventListener("focusout", ({ target }) => target === open && closeSoon());
addEventListener("pointerdown", ({ target }) => card.contains(target) || open?.contains(target) || dismiss());
addEventListener("keydown", ({ key }) => key === "Escape" && dismiss());
