// Loads the styles of an element that few readers use: static/css/NAME.css. Resolves once they apply, or cannot be had.
export const styled = (name) => new Promise((resolve) => {
  const href = new URL(`../css/${name}.css`, import.meta.url);
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
});
