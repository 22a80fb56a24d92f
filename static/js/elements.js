// Loads each custom element's file (NAME.js for <name-name>) when the first one of it comes near the window.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    import(`./${target.localName}.js`);
  }
}, { rootMargin: "200px" });

for (const element of document.querySelectorAll(":not(:defined, site-search, [remembered])")) near.observe(element);

// What speaks of the reader's progress waits until there is some (static/js/progress.js), or somebody who reads. Then it
// does not wait to be near: whoever comes to the middle of a chapter, or leaps there, is read along with from there.
const SIGNS = ["scroll", "pointermove", "pointerdown", "keydown"];
const onFirstSign = (act) => {
  const first = (event) => {
    for (const sign of SIGNS) removeEventListener(sign, first);
    act(event);
  };
  for (const sign of SIGNS) addEventListener(sign, first, { passive: true });
};
const recall = () => {
  for (const { localName } of document.querySelectorAll("[remembered]")) import(`./${localName}.js`);
};
onFirstSign(async (event) => {
  const signs = [event]; // which may be keys: none is lost while the file loads
  const note = (event) => signs.push(event);
  addEventListener("keydown", note);
  const { turn } = await import("./page-head.js").finally(() => removeEventListener("keydown", note));
  for (const sign of signs) turn(sign);
});
addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-opens]");
  if (button) (await import("./page-head.js")).open(button);
});
let isRemembered = false;
try {
  isRemembered = "async-rust-progress" in localStorage;
} catch {} // turned off by the reader
if (isRemembered) recall();
else onFirstSign(recall);

// A link to a step of a run opens its player, however far down the page that stands.
// One to a search opens that.
const follow = () => {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("run")) import("./run-player.js");
  if (asked.has("search")) openSearch(asked.get("search"));
};
addEventListener("hashchange", follow);
follow();

// A heading that is pointed at, or that the keyboard reaches, offers its address.
const offer = async ({ target }) => {
  const heading = target.closest?.("article :is(h2, h3):has(> a[href^='#'])");
  if (heading) (await import("./copy-link.js")).offer(heading);
};
for (const sign of ["pointerover", "focusin"]) addEventListener(sign, offer, { passive: true });

// The search opens by a button, by / or by Ctrl-K, and is fetched then; what is typed meanwhile waits in its field.
function openSearch(query) {
  const search = document.querySelector("site-search");
  const [dialog, field, status] = search.querySelectorAll("dialog, input, [role=status]");
  if (!dialog.open) dialog.showModal();
  if (query) field.value = query;
  field.select();
  if (search.matches(":defined")) return;
  search.early = fetch(new URL("search/index.json", document.querySelector(".brand").href), { cache: "no-cache" }).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  Promise.all(["site-search", "search-index", "search-words", "search-excerpt", "words", "styled"].map((name) => import(`./${name}.js`)))
    .catch(() => (status.textContent = status.dataset.failed));
}
addEventListener("click", ({ target }) => target.closest("[data-search]") && openSearch());
addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  if (key === "Escape") return document.querySelector("site-search dialog[open]")?.close(); // a field would only be emptied
  const isTyping = target.closest("input, select, textarea, [contenteditable]");
  if (altKey || (ctrlKey || metaKey ? key !== "k" : key !== "/" || isTyping)) return;
  event.preventDefault();
  openSearch();
});

// A link to the glossary tells what its word means to whoever points at it, reaches it by keyboard or taps it; a second tap follows it.
const tellMeaning = (event) => {
  const { type, target, pointerType } = event;
  const link = target.closest?.("main a[href*='/glossary/#']");
  const isTap = pointerType === "touch";
  if (!link || link.hasAttribute("aria-describedby") || (type === "focusin" ? !link.matches(":focus-visible") : isTap !== (type === "click"))) return;
  if (isTap) event.preventDefault();
  import("./term-card.js").then(({ tell }) => tell(link, isTap), () => isTap && location.assign(link.href));
};
for (const type of ["pointerover", "focusin", "click"]) addEventListener(type, tellMeaning);

// What is read is kept for reading offline, from the first sign of a reader on; not under `zola serve`, where the control is not there.
// The manifest, which says that the book can be installed, comes then too: nobody needs it to read.
const keepReading = async () => {
  document.head.append(Object.assign(document.createElement("link"), { rel: "manifest", href: new URL("../manifest.webmanifest", import.meta.url) }));
  await navigator.serviceWorker.register(new URL("../sw.js", import.meta.url)).catch(() => {}); // turned off by the reader
  const { active } = await navigator.serviceWorker.ready;
  const runs = Array.from(document.querySelectorAll("run-player"), (player) => player.getAttribute("src"));
  const addresses = [location.href, ...runs, ...performance.getEntriesByType("resource").map(({ name }) => name)];
  active.postMessage({ task: "read", addresses });
};
if (navigator.serviceWorker && document.querySelector("keep-offline")) onFirstSign(keepReading);
