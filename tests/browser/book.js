// The whole book as one document, for paper. pdf.js runs this in a page of the book, which lends it its styles.

let base; // the address of the home page, without a slash at its end
let pages; // every built page, by its path
let bound; // the paths of those that are in the book

/** Puts the book together in place of the page: a title, the contents, then each page in their order. `texts` has the HTML of every page by its path. */
function bind({ texts, home }) {
  base = home;
  pages = new Map(texts.map(([path, html]) => [path, new DOMParser().parseFromString(html, "text/html")]));
  const list = document.querySelector(".book-contents ol");
  const links = [...list.querySelectorAll("a")];
  bound = new Set(["/", ...links.map(pathOf)]);
  document.documentElement.dataset.theme = "light";
  document.title = pages.get("/").title;
  document.body.replaceChildren(
    make("div", { className: "page" }, make("main", {}, title(), contents(list), ...links.map(sheets))),
    make("style", { textContent: links.map(head).join("\n") }),
  );
}

/** Writes into the contents on which sheet each entry begins. `sheetOf` has the sheets by id. */
function number(sheetOf) {
  for (const entry of document.querySelectorAll(".book-sheets a")) {
    entry.querySelector(".sheet").textContent = sheetOf[decodeURIComponent(entry.hash.slice(1))] ?? "";
  }
}

const pathOf = (link) => link.href.slice(base.length).replace(/#.*/, "");
const nameOf = (path) => path.replace(/^\/|\/$/g, "").replaceAll("/", "-") || "title";

function make(name, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...children);
  return element;
}

function title() {
  const parts = [".masthead .logo", ".hero h1", ".hero .lede", ".drawing svg", ".colophon > p"].map((selector) => pages.get("/").querySelector(selector));
  const article = make("article", { className: "prose book-title" }, ...parts.map((part) => document.importNode(part, true)));
  // A plain space at the edge of an element would be missing in the outline of the PDF.
  const [words] = article.querySelector("h1").childNodes;
  words.data = words.data.replace(/ $/, "\u00a0");
  return renamed(article, "title");
}

/** The site's contents, with the sections of each chapter. */
function contents(list) {
  const copy = list.cloneNode(true);
  for (const link of copy.querySelectorAll("a")) {
    const name = nameOf(pathOf(link));
    const entry = Object.assign(line(name, ...link.cloneNode(true).childNodes), { className: link.className });
    if (link.querySelector("b")) {
      const sections = [...pages.get(pathOf(link)).querySelectorAll("main > article > h2[id]")];
      link.after(make("ol", {}, ...sections.map((heading) => make("li", {}, line(`${name}--${heading.id}`, heading.textContent.trim())))));
    }
    link.replaceWith(entry);
  }
  return make("nav", { className: "prose book-sheets" }, make("h1", { textContent: "Contents" }), copy);
}

function line(id, ...text) {
  return make("a", { href: `#${id}` }, make("span", {}, ...text), make("b", { className: "sheet", textContent: "000" }));
}

/** The page that a link of the contents leads to. */
function sheets(link) {
  const path = pathOf(link);
  const article = document.importNode(pages.get(path).querySelector("main > article"), true);
  const chapter = link.querySelector("b")?.textContent;
  if (chapter) article.querySelector("h1").prepend(make("b", { textContent: `${chapter}\u00a0` }));
  // In the outline of the PDF, a chapter is a branch of its part, and so is the second page of a system.
  const depth = chapter || link.closest("ol ol ol") ? 1 : 0;
  for (const heading of article.querySelectorAll("h1, h2, h3, h4")) {
    if (heading.closest(".minute, .brief")) heading.role = "presentation";
    else heading.ariaLevel = Number(heading.localName[1]) + depth;
  }
  return renamed(article, nameOf(path));
}

/** A sheet is named after its page, so that it begins a new one and can say at its head where it belongs. */
function head(link) {
  const name = nameOf(pathOf(link));
  const words = JSON.stringify(link.textContent.trim());
  return `@page ${name} { @top-right { content: ${words}; font: 9pt serif; } } #${name} { page: ${name}; }`;
}

/** Ids are unique on a page; here the page's name goes before them. Links to pages of the book stay inside it. */
function renamed(article, name) {
  for (const element of article.querySelectorAll("[id], [aria-labelledby], [aria-describedby]")) {
    for (const attribute of ["id", "aria-labelledby", "aria-describedby"]) {
      const ids = element.getAttribute(attribute);
      if (ids) element.setAttribute(attribute, ids.split(" ").map((id) => `${name}--${id}`).join(" "));
    }
  }
  article.id = name;
  for (const link of article.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href");
    const [path, id] = href.slice(base.length).split("#");
    if (href.startsWith("#")) link.setAttribute("href", `#${name}--${href.slice(1)}`);
    else if (href.startsWith(`${base}/`) && bound.has(path)) link.setAttribute("href", `#${nameOf(path)}${id ? `--${id}` : ""}`);
  }
  return article;
}

globalThis.book = { bind, number };
