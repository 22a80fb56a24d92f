// One room: its lines, who is here, who is typing, and what is being said.
const SHOWN = 1000; // so many lines stay in the page

customElements.define("chat-room", class extends HTMLElement {
  lastTyped = 0;

  connectedCallback() {
    this.log = this.querySelector(".log");
    this.lines = this.querySelector(".lines");
    const say = this.querySelector(".say");
    say.onsubmit = (event) => {
      event.preventDefault();
      this.link.say(this.name, say.text.value);
      say.reset();
      this.drawUnsaved();
    };
    say.oninput = () => {
      if (Date.now() - this.lastTyped < 2000) return;
      this.lastTyped = Date.now();
      this.link.typing(this.name);
    };
    this.querySelector(".older").onclick = () => this.#older();
    const find = this.querySelector(".find");
    find.onsubmit = (event) => {
      event.preventDefault();
      this.#find(find.words.value.trim());
    };
    this.querySelector(".door form").onsubmit = (event) => {
      event.preventDefault();
      this.#stand(event.target, event.submitter.value);
    };
  }

  open(room, known) {
    this.name = room.name;
    this.querySelector("h2").textContent = room.name;
    this.querySelector(".door").hidden = !room.mine;
    this.querySelector(".found").hidden = true;
    this.querySelector(".find").reset();
    this.lines.replaceChildren(...known.lines.map(drawLine));
    this.here(known.here);
    this.typing([]);
    this.drawUnsaved();
    this.#hideOlder();
    this.log.scrollTop = this.log.scrollHeight;
  }

  #hideOlder() {
    this.querySelector(".older").hidden = Number(this.lines.firstChild?.dataset.seq ?? 1) === 1;
  }

  add(line) {
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    this.lines.append(drawLine(line));
    if (this.lines.children.length > SHOWN) this.lines.firstChild.remove();
    this.drawUnsaved();
    this.#hideOlder();
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  drawUnsaved() {
    const unsaved = [...(this.link.rooms.get(this.name)?.unsaved.values() ?? [])];
    const items = unsaved.map((text) => {
      const item = document.createElement("li");
      item.textContent = `${text} (not saved yet)`;
      return item;
    });
    this.querySelector(".unsaved").replaceChildren(...items);
  }

  here({ names = [], count = 0 } = {}) {
    const more = count > names.length ? ` and ${count - names.length} more` : "";
    this.querySelector(".here").textContent = `${count} here: ${names.join(", ")}${more}`;
  }

  typing(names) {
    const others = names.filter((name) => name !== this.me);
    const who = others.slice(0, 3).join(", ");
    this.querySelector(".typing").textContent = others.length ? `${who} typing …` : "";
  }

  async #older() {
    const lines = await this.history({ before: this.lines.firstChild.dataset.seq });
    const height = this.log.scrollHeight;
    this.lines.prepend(...lines.map(drawLine));
    this.log.scrollTop += this.log.scrollHeight - height;
    this.#hideOlder();
  }

  async #find(words) {
    const found = this.querySelector(".found");
    found.hidden = !words;
    if (!words) return;
    const lines = await this.history({ words });
    const none = document.createElement("li");
    none.textContent = "Nothing found.";
    found.replaceChildren(...(lines.length ? lines.map(drawLine) : [none]));
  }

  async #stand(form, standing) {
    const name = form.name.value;
    const answer = await fetch(`/api/rooms/${encodeURIComponent(this.name)}/people`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, standing }),
    });
    const done = answer.ok ? `${name}: ${standing}` : (await answer.json()).detail;
    form.querySelector("[role=status]").textContent = done;
  }

  async history(which) {
    const query = new URLSearchParams(which);
    const answer = await fetch(`/api/rooms/${encodeURIComponent(this.name)}/lines?${query}`);
    return answer.ok ? answer.json() : [];
  }
});

// Text only: what looks like an address becomes a link, and nothing else becomes anything.
function drawLine({ seq, from, at, text }) {
  const item = document.createElement("li");
  item.dataset.seq = seq;
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const who = document.createElement("b");
  who.textContent = from;
  item.append(time, who);
  for (const part of text.split(/(https?:\/\/[^\s<>"']+)/)) {
    if (!/^https?:\/\//.test(part)) {
      item.append(part);
      continue;
    }
    const link = document.createElement("a");
    Object.assign(link, { href: part, rel: "noopener noreferrer nofollow", target: "_blank" });
    link.textContent = part;
    item.append(link);
  }
  return item;
}
