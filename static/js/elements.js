// Loads each custom element's file (NAME.js for <name-name>) when the first one of it comes near the window.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    import(`./${target.localName}.js`);
  }
}, { rootMargin: "400px" });

for (const element of document.querySelectorAll(":not(:defined)")) near.observe(element);
