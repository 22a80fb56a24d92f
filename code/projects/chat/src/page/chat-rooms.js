// The list of rooms, with what is unread in each.
customElements.define("chat-rooms", class extends HTMLElement {
  unread = new Map();

  show(rooms, current) {
    this.rooms = rooms;
    this.current = current;
    this.unread.delete(current);
    this.#draw();
  }

  count(name) {
    this.unread.set(name, (this.unread.get(name) ?? 0) + 1);
    this.#draw();
  }

  read(name) {
    if (this.unread.delete(name)) this.#draw();
  }

  #draw() {
    const list = document.createElement("ol");
    for (const { name, invited_only } of this.rooms) {
      const link = document.createElement("a");
      link.href = `#${encodeURIComponent(name)}`;
      link.append(invited_only ? `${name} (invited)` : name);
      if (name === this.current) link.setAttribute("aria-current", "page");
      const unread = this.unread.get(name);
      if (unread) {
        const badge = document.createElement("span");
        badge.textContent = unread;
        badge.setAttribute("aria-label", `${unread} unread`);
        badge.role = "img";
        link.append(badge);
      }
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    this.replaceChildren(list);
    const all = [...this.unread.values()].reduce((sum, unread) => sum + unread, 0);
    document.title = all ? `(${all}) Chat` : "Chat";
  }
});
