// What the page says: in the language of its address, else in the browser's.

import en from "./en.js";
import zh from "./zh.js";

const CATALOGUES = { en, zh };
const LOCALES = { en: undefined, zh: "zh-CN" };  // undefined: as the browser has it
let lang = "en";

export const language = () => lang;
export const locale = () => LOCALES[lang];

const supported = (tag) => tag?.toLowerCase().split("-")[0];

// Takes the first of the wanted languages that there is.
export function speak(wanted) {
  lang = wanted.map(supported).find((each) => Object.hasOwn(CATALOGUES, each)) ?? "en";
  document.documentElement.lang = lang === "zh" ? "zh-CN" : lang;
}

// A message with its placeholders filled in; braces in the values mean nothing.
export function say(key, values = {}) {
  return CATALOGUES[lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Fills in all elements that always say the same.
export function sayAll() {
  document.title = say("title");
  const of = (name) => document.querySelectorAll(`[data-${name}]`);
  for (const each of of("say")) each.textContent = say(each.dataset.say);
  for (const each of of("placeholder")) each.placeholder = say(each.dataset.placeholder);
  for (const each of of("label")) each.setAttribute("aria-label", say(each.dataset.label));
}
