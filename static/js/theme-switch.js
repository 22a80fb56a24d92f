// <theme-switch>: automatic, light or dark; <text-size>: how large the text is. Loaded before the first paint, so that what is remembered never flashes.
{
  const root = document.documentElement;
  const bars = [...document.querySelectorAll("[name=theme-color]")];
  const papers = bars.map(({ content }) => content); // for a light system, for a dark one
  const store = { get: () => null, set: () => {} };
  try {
    const storage = window.localStorage; // throws where the reader has turned storage off
    store.get = (key) => storage.getItem(key);
    store.set = (key, value) => (value ? storage.setItem(key, value) : storage.removeItem(key));
  } catch {}

  const apply = (key, value) => {
    value ? (root.dataset[key] = value) : delete root.dataset[key];
    const { theme } = root.dataset;
    bars.forEach((bar, at) => (bar.content = papers[theme ? Number(theme === "dark") : at])); // the browser's own bar follows
  };

  const choice = (key, values) => class extends HTMLElement {
    connectedCallback() {
      const select = document.createElement("select");
      const label = document.createElement("label");
      for (const value of values) select.append(new Option(this.getAttribute(value || "auto"), value));
      select.value = root.dataset[key] ?? "";
      select.onchange = () => {
        apply(key, select.value);
        store.set(key, select.value);
      };
      label.append(this.getAttribute("label"), select);
      this.replaceChildren(label);
    }
  };
  for (const [name, key, values] of [["theme-switch", "theme", ["", "light", "dark"]], ["text-size", "size", ["", "large", "larger", "small"]]]) {
    apply(key, store.get(key));
    customElements.define(name, choice(key, values));
  }
}
