// One WebSocket that comes back, and what has been seen of each room.
export class Link extends EventTarget {
  rooms = new Map(); // name → { epoch, after, unsaved: Map(id → text) }
  failures = 0;

  open() {
    this.socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`);
    this.socket.onopen = () => {
      this.failures = 0;
      this.tell("state", { open: true });
      for (const name of this.rooms.keys()) this.#enter(name);
    };
    this.socket.onmessage = ({ data }) => this.#told(JSON.parse(data));
    this.socket.onclose = (event) => this.#closed(event);
  }

  join(name) {
    if (this.rooms.has(name)) return;
    this.rooms.set(name, { epoch: 0, after: 0, unsaved: new Map() });
    this.#enter(name);
  }

  say(room, text) {
    const id = crypto.randomUUID?.() ?? String(Date.now() + Math.random());
    this.rooms.get(room).unsaved.set(id, text);
    this.#ask({ say: { room, id, text } });
  }

  typing(room) {
    this.#ask({ typing: { room } });
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // What wasn't acknowledged is said again: under its old id, it is kept once.
  #enter(room) {
    const { epoch, after, unsaved } = this.rooms.get(room);
    this.#ask({ join: { room, epoch, after } });
    for (const [id, text] of unsaved) this.#ask({ say: { room, id, text } });
  }

  #ask(ask) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(ask));
  }

  #told(told) {
    const [[type, it]] = Object.entries(told);
    const room = this.rooms.get(it.room);
    if (!room) return;
    if (type === "joined") {
      const known = room.epoch === it.epoch ? room.after : 0;
      const anew = room.epoch !== it.epoch;
      Object.assign(room, { epoch: it.epoch, after: it.after });
      it.missing = known < it.after ? [known, it.after] : null;
      it.anew = anew;
    }
    if (type === "line") {
      if (it.seq !== room.after + 1) return this.socket.close(); // comes back, and asks for it
      room.after = it.seq;
    }
    if (type === "kept") room.unsaved.delete(it.id);
    if (type === "refused") this.#refused(it, room);
    this.tell(type, it);
  }

  // Without an id, it's the room that wasn't entered.
  #refused({ room: name, id, why }, room) {
    if (why === "banned" || why === "no_such_room") this.rooms.delete(name);
    const passes = why === "unsaved" || why === "too_fast";
    if (!passes) return room.unsaved.delete(id);
    const again = () => {
      if (this.rooms.get(name) !== room) return;
      if (!id) this.#enter(name);
      else if (room.unsaved.has(id)) this.#ask({ say: { room: name, id, text: room.unsaved.get(id) } });
    };
    setTimeout(again, 1000 + Math.random() * 1000);
  }

  #closed({ code, reason }) {
    const hint = Number(/(\d+) ms/.exec(reason)?.[1] ?? 0);
    const wait = hint || Math.random() * Math.min(1000 * 2 ** this.failures, 15000);
    this.failures += 1;
    this.tell("state", { open: false, code, reason });
    if (code !== 4001) setTimeout(() => this.open(), wait);
  }
}
