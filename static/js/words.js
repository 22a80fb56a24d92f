// What elements say, in the language of the page: the table "scripts" of words/LANGUAGE.toml, once the first element asks for it.
// The few words that show before the reader acts come with the page, as attributes of their elements.
const answer = await fetch(new URL("words.json", document.querySelector(".brand").href));
const words = await answer.json();

/** The words of a key, with what stands in braces filled in. */
export const say = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
