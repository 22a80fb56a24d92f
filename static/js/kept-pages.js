// <kept-pages label="These pages …">: on the page for readers who are offline, the pages that are kept on this device.
customElements.define("kept-pages", class extends HTMLElement {
  async connectedCallback() {
    const scope = new URL("../", import.meta.url).href;
    const names = (await caches.keys()).filter((name) => name.startsWith(`book ${scope} `));
    const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    const kept = new Set(keys.flat().map(({ url }) => url.replace(/index\.html$/, "")));
    const list = document.createElement("ul");
    for (const link of document.querySelectorAll(".book-contents a")) {
      if (!kept.has(link.href)) continue;
      const item = document.createElement("li");
      item.append(link.cloneNode(true));
      list.append(item);
    }
    if (list.children.length) this.append(this.getAttribute("label"), list);
  }
});
