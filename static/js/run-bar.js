// The controls of a run: buttons, a slider, the sentence of the step, and the link to it.
import { say } from "./words.js";

const ICONS = {
  first: "M3 2v12M13 2 7 8l6 6", back: "M11 2 5 8l6 6", next: "M5 2l6 6-6 6", last: "M13 2v12M3 2l6 6-6 6",
  play: "M4 2v12l9-6z", pause: "M5 2v12M11 2v12",
};

const make = (tag, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

const icon = (name) => {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.ariaHidden = "true";
  svg.append(path);
  return svg;
};

/** Expects what each control does: first, back, play, next, last, seek(number), share, close. */
export function makeBar(does) {
  const button = (name, label) =>
    make("button", { type: "button", className: `run-${name}`, ariaLabel: label, title: label, onclick: does[name] }, icon(name));
  const [first, back, next, last] = ["first", "back", "next", "last"].map((name) => button(name, say(name)));
  const play = make("button", { type: "button", className: "run-play", onclick: does.play }, icon("play"), say("play"));
  const range = make("input", { type: "range", min: 1, value: 1, ariaLabel: say("step"), oninput: () => does.seek(range.valueAsNumber) });
  const [count, clock] = ["run-count", "run-clock"].map((className) => make("span", { className }));
  const said = make("p", { className: "run-said", role: "status" });
  const link = make("a", { href: "#", textContent: say("link_to_step"), onclick: does.share });
  const close = make("button", { type: "button", textContent: say("whole_picture"), onclick: does.close });

  const element = make("div", { className: "run-bar", role: "group", ariaLabel: say("player") },
    said,
    make("div", {}, first, back, play, next, last, range, count, clock),
    make("div", {}, make("span", { role: "status" }, link), close));

  return {
    element, range, link, play,
    tell: (...text) => said.replaceChildren(...text),

    show({ number, step, clock: time }, { name, steps }) {
      said.replaceChildren(...sentence(step.say));
      Object.assign(range, { max: steps.length, value: number, ariaValueText: say("step_of", { number, steps: steps.length }) });
      count.textContent = `${number} / ${steps.length}`;
      clock.textContent = time && say("clock", { time });
      for (const control of [first, back]) control.ariaDisabled = String(number === 1);
      for (const control of [next, last]) control.ariaDisabled = String(number === steps.length);
      link.href = `#${new URLSearchParams({ run: name, step: number })}`;
    },

    showPlaying: (playing) => play.replaceChildren(icon(playing ? "pause" : "play"), say(playing ? "pause" : "play")),

    /** Says for a moment what became of the link. */
    showShared(text) {
      link.textContent = text;
      setTimeout(() => (link.textContent = say("link_to_step")), 2000);
    },
  };
}

/** The elements of a sentence in which `*name*` is a lane and `` `code` `` is code. */
function sentence(say) {
  return say.split(/(`[^`]+`|\*[^*]+\*)/).map((part, at) => {
    if (at % 2 === 0) return part;
    return make(part[0] === "*" ? "strong" : "code", { textContent: part.slice(1, -1) });
  });
}
