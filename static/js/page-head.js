// The line at the top of the page, from the first sign of a reader on: it goes away while they scroll down and returns when they
// scroll up, says where they are, and opens the lists of contents over the text where these have no place beside it.
// The arrows to the left and right turn the page.
import { onPassedHeading } from "./passed-heading.js";

const head = document.querySelector(".masthead");
const STEP = 6; // pixels: less is no scrolling, but a trembling hand

let last = scrollY;
addEventListener("scroll", () => {
  const moved = scrollY - last;
  if (Math.abs(moved) < STEP) return;
  last = scrollY;
  place();
  const isOpen = document.querySelector("[data-over], .look[open]");
  head.toggleAttribute("data-away", !isOpen && moved > 0 && scrollY > 2 * head.offsetHeight);
}, { passive: true });

// Where the reader is: the page, the section, and the way to the top of it.
const title = document.querySelector("article > .page-head h1");
const here = Object.assign(document.createElement("a"), { className: "here", href: "#main" });
const section = document.createElement("span");
if (title) here.append(Object.assign(document.createElement("strong"), { textContent: title.textContent }), section);
const headings = [...document.querySelectorAll("article > h2:has(> a)")];
onPassedHeading(headings, (at) => (section.textContent = at < 0 ? "" : ` · ${headings[at].querySelector("a").textContent}`));
place();

function place() {
  const isPast = title?.getBoundingClientRect().bottom < 0;
  if (isPast && !here.isConnected) head.querySelector(".brand").after(here);
  else if (!isPast) here.remove();
}

// The lists of contents.
let opened = null; // { button, list }

/** Opens the list that a button names, or closes it. */
export function open(button) {
  const list = document.querySelector(`.${button.dataset.opens}`);
  const isClosing = opened?.list === list;
  close();
  if (isClosing) return;
  opened = { button, list };
  list.style.minBlockSize = `${list.offsetHeight}px`; // the text keeps its place
  list.toggleAttribute("data-over", true);
  const details = list.querySelector("details");
  opened.wasOpen = details.open;
  details.open = true;
  button.ariaExpanded = "true";
  const link = list.querySelector("[aria-current]") ?? list.querySelector("a");
  link.focus({ preventScroll: true });
  details.scrollTop = link.offsetTop - details.clientHeight / 2; // scrollIntoView would scroll the page too
}

function close() {
  if (!opened) return;
  const { button, list, wasOpen } = opened;
  opened = null;
  list.removeAttribute("data-over");
  list.style.minBlockSize = "";
  list.querySelector("details").open = wasOpen;
  button.ariaExpanded = "false";
}

addEventListener("click", ({ target }) => {
  const look = document.querySelector(".look[open]");
  if (look && !look.contains(target)) look.open = false;
  if (opened && !target.closest("[data-opens]") && (target.closest("a") || !opened.list.contains(target))) close();
});
addEventListener("focusin", ({ target }) => opened && !opened.list.contains(target) && target !== opened.button && close());

const OWN = "input, select, textarea, [contenteditable], dialog, [role=tab], [role=tabpanel], run-player, pre, .table, .drawing > div, .lanes"; // they use arrows themselves
addEventListener("keydown", turn);

/** Closes what is open by Escape, and turns the page by an arrow. */
export function turn({ key, target, ctrlKey, metaKey, altKey, shiftKey, defaultPrevented }) {
  if (key === "Escape") {
    const look = document.querySelector(".look[open]");
    const back = opened?.button ?? look?.querySelector("summary");
    if (look) look.open = false;
    close();
    back?.focus({ preventScroll: true });
  }
  if (defaultPrevented || ctrlKey || metaKey || altKey || shiftKey || !/^Arrow(Left|Right)$/.test(key) || target.closest?.(OWN)) return;
  const isForward = (key === "ArrowRight") !== (document.documentElement.dir === "rtl");
  document.querySelector(`.pager [rel=${isForward ? "next" : "prev"}]`)?.click();
}
