// Above the heading that is pointed at or has the focus, where nothing stands: a button that copies the heading's address.
// Loaded by elements.js.
import { say } from "./words.js";

const button = Object.assign(document.createElement("button"), { type: "button", textContent: say("copy_link"), onclick: copy });
const place = Object.assign(document.createElement("span"), { className: "copy-link", role: "status" }); // says "Copied" aloud
place.append(button);

/** Puts the button into a heading, unless the focus is on it elsewhere. The heading keeps its name. */
export function offer(heading) {
  const last = place.parentElement;
  if (last === heading || document.activeElement === button) return;
  if (last) last.ariaLabel = null;
  heading.ariaLabel = heading.textContent;
  button.textContent = say("copy_link");
  heading.append(place);
}

async function copy() {
  const { href } = place.parentElement.querySelector("a");
  try {
    await navigator.clipboard.writeText(href);
    button.textContent = say("copied");
  } catch {
    location.href = href; // no permission: the reader copies it from the address bar
    button.textContent = say("link_shown");
  }
  setTimeout(() => (button.textContent = say("copy_link")), 4000);
}
