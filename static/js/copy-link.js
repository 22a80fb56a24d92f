// Beside the heading that is pointed at or has the focus: a button that copies the heading's address. Loaded by elements.js.
const button = Object.assign(document.createElement("button"), { type: "button", className: "copy-link", onclick: copy });
const says = Object.assign(document.createElement("span"), { role: "status", className: "copy-link" });
let heading;

/** Puts the button into the heading that this link, or this button, is in. */
export function offer(link) {
  if (link.parentElement === heading) return;
  heading = link.parentElement;
  button.textContent = "Copy link";
  says.textContent = "";
  link.after(button, says);
}

async function copy() {
  const { href } = heading.querySelector("a");
  try {
    await navigator.clipboard.writeText(href);
    says.textContent = "Copied";
  } catch {
    location.href = href; // no permission: the reader copies it from the address bar
    says.textContent = "It is in the address bar";
  }
}
