// Elements whose texts stay texts.

import { say } from "./words.js";

export const find = (id) => document.getElementById(id);

// An element with attributes and children; strings become text nodes.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const nameOf = (item) => item.title || item.item_id;

// "1977 · Action, Sci-Fi": what tells a title from others.
export const aboutOf = ({ about, categories }) =>
  [about, categories.join(", ")].filter(Boolean).join(" · ");

export function percent(share) {
  const hundredths = 100 * share;
  if (hundredths > 99 && hundredths < 100) return say("over", { percent: "99 %" });
  return `${hundredths < 9.5 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

export function bar(share) {
  const fill = make("span", { class: "fill" });
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, fill);
}

export function waitFor(quietMs, call) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, quietMs);
  };
}
