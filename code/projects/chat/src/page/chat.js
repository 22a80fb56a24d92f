// Logs in, opens the link, and takes what it tells to the elements of the page.
import { Link } from "/link.js";
import "/chat-room.js";
import "/chat-rooms.js";

const KEPT = 1000; // so many lines of each room are kept for when it is opened again
const link = new Link();
const room = document.querySelector("chat-room");
const list = document.querySelector("chat-rooms");
const known = new Map(); // name → { lines, here }
let rooms = [];
room.link = link;

async function call(path, body) {
  const post = { method: "POST", headers: { "content-type": "application/json" } };
  return fetch(path, body ? { ...post, body: JSON.stringify(body) } : {});
}

async function logIn() {
  const session = await call("/api/session");
  if (session.ok) return (await session.json()).sub;
  const dialog = document.querySelector("#log-in");
  const form = dialog.querySelector("form");
  dialog.oncancel = (event) => event.preventDefault();
  dialog.showModal();
  return new Promise((done) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const name = form.name.value.trim();
      const key = form.key.value.trim() || localStorage.getItem(`key ${name.toLowerCase()}`);
      const answer = await call("/api/session", key ? { name, key } : { name });
      const told = await answer.json();
      form.querySelector("[role=alert]").textContent = answer.ok ? "" : told.detail;
      if (!answer.ok) return;
      localStorage.setItem(`key ${told.name}`, told.key);
      dialog.close();
      done(told.name);
    };
  });
}

async function showRooms() {
  rooms = await (await call("/api/rooms")).json();
  list.show(rooms, room.name);
}

function choose() {
  const wanted = decodeURIComponent(location.hash.slice(1)) || "lobby";
  const info = rooms.find(({ name }) => name === wanted) ?? { name: wanted };
  if (!known.has(wanted)) known.set(wanted, { lines: [], here: undefined });
  link.join(wanted);
  room.open({ ...info, mine: info.owner === room.me }, known.get(wanted));
  list.show(rooms, wanted);
}

function on(type, act) {
  link.addEventListener(type, ({ detail }) => act(detail, detail.room === room.name));
}

on("state", ({ open, code, reason }) => {
  const state = document.querySelector("#state");
  state.textContent = open ? "connected" : `reconnecting (${reason || code})`;
  state.toggleAttribute("data-cut", !open);
  if (code === 4001) location.reload();
});
on("joined", async ({ room: name, anew, missing }, current) => {
  const its = known.get(name);
  if (anew) its.lines = [];
  if (anew && current) room.lines.replaceChildren();
  // The lines that were too many for a replay are read a page at a time.
  if (!anew && missing) its.lines.push(...(await fill(name, ...missing)));
  its.lines.sort((one, other) => one.seq - other.seq); // new ones may have come meanwhile
  if (!anew && missing && current) room.open({ name }, its);
});
on("line", (line, current) => {
  const { lines } = known.get(line.room);
  lines.push(line);
  if (lines.length > KEPT) lines.shift();
  if (current) room.add(line);
  if (!current || document.hidden) list.count(line.room);
});
on("kept", (_, current) => current && room.drawUnsaved());
on("here", (here, current) => {
  known.get(here.room).here = here;
  if (current) room.here(here);
});
on("typing", ({ names }, current) => current && room.typing(names));
on("refused", ({ why }, current) => {
  if (current) document.querySelector("#state").textContent = `refused: ${why.replaceAll("_", " ")}`;
  if (current) room.drawUnsaved();
});

async function fill(name, from, to) {
  const lines = [];
  for (let after = from; after < to; ) {
    const query = new URLSearchParams({ after, most: Math.min(500, to - after) });
    const page = await (await call(`/api/rooms/${encodeURIComponent(name)}/lines?${query}`)).json();
    if (!page.length) break;
    lines.push(...page);
    after = page.at(-1).seq;
  }
  return lines;
}

document.querySelector("#new-room").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const [name, invited_only] = [form.name.value.trim(), form.invited.checked];
  const answer = await call("/api/rooms", { name, invited_only });
  form.querySelector("[role=alert]").textContent = answer.ok ? "" : (await answer.json()).detail;
  if (!answer.ok) return;
  await showRooms();
  location.hash = encodeURIComponent(name.toLowerCase());
  form.reset();
};

addEventListener("hashchange", choose);
document.addEventListener("visibilitychange", () => document.hidden || list.read(room.name));
room.me = await logIn();
document.querySelector("#me").textContent = room.me;
await showRooms();
link.open();
choose();
