// Keeps what was read, and the whole book if the reader asks for it, so that both can be read offline.
// Online, every answer comes from the network. What is kept is of one build: a file whose hash is not in the list of
// that build (offline.json, by code/press/offline) is shown and not kept, and the browser is told to look for the new build.
const BUILD = "";
const SCOPE = new URL("./", self.location).href;
const PREFIX = `book ${SCOPE} `; // other books may stand on the same host
const CACHE = PREFIX + BUILD;
const LIST = "offline.json";
const FALLBACK = "offline.html"; // with a list that it makes itself; a translation has one of its own in its folder
const ALWAYS = /^(js|css)\/|(^|\/)(offline\.html|words\.json)$/; // small, and a player that was not opened needs them
const AT_ONCE = 6; // requests

const key = (path) => new Request(SCOPE + path);
const open = () => caches.open(CACHE);
let listed;
const list = () => (listed ??= open().then((cache) => cache.match(key(LIST))).then((answer) => answer.json()));

/** The file that an address means, or nothing for one of another site. */
function pathOf(address) {
  const { href, search, hash } = new URL(address);
  if (!href.startsWith(SCOPE)) return null;
  const path = decodeURI(href.slice(SCOPE.length, href.length - search.length - hash.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

async function hashOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes), 0, 16);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keeps an answer if it is this build's, and says whether it is. */
async function keep(path, answer, files) {
  const bytes = await answer.arrayBuffer();
  if (files[path] !== await hashOf(bytes)) return false;
  const type = answer.headers.get("Content-Type") ?? "application/octet-stream";
  await (await open()).put(key(path), new Response(bytes, { headers: { "Content-Type": type } }));
  return true;
}

/** Keeps a file: from here, from an older build that has the very same, or from the network. */
async function fetchAndKeep(path, files, options) {
  if (await (await open()).match(key(path))) return;
  for (const name of await ours()) {
    const old = await (await caches.open(name)).match(key(path));
    if (old && await keep(path, old, files)) return;
  }
  const answer = await fetch(SCOPE + path, options);
  if (!answer.ok || !await keep(path, answer, files)) throw new Error(`${path} is not of this build`);
}

async function keepAll(paths, files, options, tell = () => {}) {
  const waiting = [...paths];
  const total = waiting.length;
  const work = async () => {
    for (let path; (path = waiting.shift());) {
      await fetchAndKeep(path, files, options);
      tell(total - waiting.length, total);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

const ours = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));
const keptIn = async (name) => (await (await caches.open(name)).keys()).map(({ url }) => pathOf(url));

/** What was kept of older builds, as far as this one has it; all of this one, if all of an older one was. */
async function keptBefore(files) {
  const kept = new Set(Object.keys(files).filter((path) => ALWAYS.test(path)));
  for (const name of await ours()) {
    if (name === CACHE) continue;
    const paths = await keptIn(name);
    const old = await (await caches.open(name)).match(key(LIST));
    const whole = old && Object.keys((await old.json()).files).every((path) => paths.includes(path));
    for (const path of whole ? Object.keys(files) : paths) if (path in files) kept.add(path);
  }
  return kept;
}

/** If anything cannot be had, the older worker and what it keeps stay in use. */
async function install() {
  const answer = await fetch(SCOPE + LIST, { cache: "no-cache" });
  const { build, files } = await answer.clone().json();
  if (build !== BUILD) throw new Error("the site was published anew in this moment");
  await (await open()).put(key(LIST), answer);
  await keepAll(await keptBefore(files), files, { cache: "no-cache" });
  await self.skipWaiting();
}

async function activate() {
  for (const name of await ours()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

async function answer(event, path) {
  const { request } = event;
  try {
    const response = await fetch(request);
    if (response.ok) event.waitUntil(remember(path, response.clone()));
    return response;
  } catch (error) {
    const cache = await open();
    const instead = request.mode === "navigate" ? [`${path.split("/")[0]}/${FALLBACK}`, FALLBACK] : [];
    let kept;
    for (const file of [path, ...instead]) kept ??= await cache.match(key(file));
    if (kept) return kept;
    throw error;
  }
}

async function remember(path, response) {
  const { files } = await list();
  if (path in files && !await keep(path, response, files)) await self.registration.update().catch(() => {});
}

/** What pages ask for; the answer goes to `tell`, in one message or more. */
const TASKS = {
  /** Keep the page that was open before this worker was, and what it has loaded. */
  async read({ addresses }) {
    const { files } = await list();
    const paths = addresses.map(pathOf).filter((path) => path in files);
    await Promise.allSettled(paths.map((path) => fetchAndKeep(path, files)));
  },
  async state(_, tell) {
    const { bytes, files } = await list();
    const kept = await keptIn(CACHE);
    tell({ bytes, isWhole: Object.keys(files).every((path) => kept.includes(path)) });
  },
  async whole(_, tell) {
    const { files } = await list();
    await keepAll(Object.keys(files), files, { cache: "no-cache" }, (done, total) => tell({ done, total }));
    tell({ isWhole: true });
  },
  async forget(_, tell) {
    const cache = await open();
    for (const request of await cache.keys()) {
      const path = pathOf(request.url);
      if (path !== LIST && !ALWAYS.test(path)) await cache.delete(request);
    }
    tell({ isWhole: false });
  },
};

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const path = pathOf(event.request.url);
  if (path !== null && event.request.method === "GET") event.respondWith(answer(event, path));
});
self.addEventListener("message", (event) => {
  const tell = (what) => event.ports[0]?.postMessage(what);
  event.waitUntil(TASKS[event.data.task](event.data, tell).catch(({ message }) => tell({ failed: message })));
});
