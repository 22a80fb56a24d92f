// <theme-switch>: automatic, light or dark. Loaded before the first paint, so that the remembered theme never flashes.
{
  const root = document.documentElement;
  const store = { get: () => null, set: () => {} };
  try {
    const storage = window.localStorage; // throws where the reader has turned storage off
    store.get = () => storage.getItem("theme");
    store.set = (theme) => (theme ? storage.setItem("theme", theme) : storage.removeItem("theme"));
  } catch {}

  const apply = (theme) => (theme ? (root.dataset.theme = theme) : delete root.dataset.theme);
  apply(store.get());

  customElements.define("theme-switch", class extends HTMLElement {
    connectedCallback() {
      const select = document.createElement("select");
      select.ariaLabel = this.getAttribute("label");
      for (const theme of ["", "light", "dark"]) select.append(new Option(this.getAttribute(theme || "auto"), theme));
      select.value = root.dataset.theme ?? "";
      select.onchange = () => {
        apply(select.value);
        store.set(select.value);
      };
      this.replaceChildren(select);
    }
  });
}
