// Lists of titles with a like and a skip each, and how they move.

import { aboutOf, bar, make, nameOf, percent } from "./dom.js";
import { say } from "./words.js";

const MOVE_MS = 450;
const MOVE = { duration: MOVE_MS, easing: "cubic-bezier(.2, .7, .2, 1)" };
const SHORTEST = 0.2;  // bar of a list, whose longest is 1
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

function buttons(item, onReact) {
  return ["like", "skip"].map((kind) => {
    const label = say(`${kind}_title`, { title: nameOf(item) });
    const button = make("button", { class: kind, type: "button", "aria-label": label });
    button.append(say(kind));
    button.dataset.kind = kind;
    button.addEventListener("click", () => onReact(item, kind));
    return button;
  });
}

function row(item, details, onReact) {
  const element = make("li", { class: "row" }, ...details);
  element.dataset.id = item.item_id;
  element.append(make("span", { class: "buttons" }, ...buttons(item, onReact)));
  return element;
}

export function showFound(list, items, onReact) {
  const rows = items.map((item) => {
    const about = make("small", {}, aboutOf(item));
    return row(item, [make("span", { class: "title" }, nameOf(item), about)], onReact);
  });
  list.replaceChildren(...rows);
}

// Where an item was before, 0 if nowhere; null if nothing has changed.
function moved(places, id, place) {
  if (!places.size || places.get(id) === place) return null;
  return places.get(id) ?? 0;
}

const moveOf = (was) => (was ? say("place_was", { place: was }) : say("place_new"));

// How long each bar is: by its score, between the least and the best of the list.
function lengths(items) {
  const scores = items.map((item) => item.score);
  const least = Math.min(...scores);
  const spread = Math.max(...scores) - least;
  return scores.map((score) =>
    spread ? SHORTEST + (1 - SHORTEST) * (score - least) / spread : 1);
}

function small(words, kind) {
  return words ? make("small", { class: kind, title: words }, words) : null;
}

const numbersOf = ({ probability, score }) =>
  say("numbers", { probability: percent(probability), score: score.toFixed(3) });

function recommendedRow(item, length, was, onReact) {
  const badge = was === null ? null : make("em", { class: "moved" }, moveOf(was));
  return row(item, [
    make("span", { class: "title" }, nameOf(item), " ", badge,
      small(aboutOf(item), "about"), small(item.reason, "reason")),
    make("span", { class: "match", title: numbersOf(item) }, bar(length)),
  ], onReact);
}

// What the bars leave out.
export function showNumbers(list, items) {
  list.replaceChildren(...items.map((item) =>
    make("li", {}, say("numbers_of", { title: nameOf(item), numbers: numbersOf(item) }))));
}

// Whether the order is another than that of the bars, for variety.
export const isMixed = (items) =>
  items.some((item, at) => at > 0 && item.score > items[at - 1].score);

// Shows the items; those that were in the list before glide to their places.
// Returns how many moved and how many are new.
export function showRecommended(list, items, onReact, isSameQuestion) {
  const before = [...list.children];
  const tops = new Map(before.map((each) => [each.dataset.id, each.offsetTop]));
  const ids = before.map((each) => each.dataset.id);
  const places = new Map(isSameQuestion ? ids.map((id, at) => [id, at + 1]) : []);
  const moves = items.map((item, at) => moved(places, item.item_id, at + 1));
  const bars = lengths(items);
  const rows = items.map((item, at) =>
    recommendedRow(item, bars[at], moves[at], onReact));
  keepFocus(list, () => list.replaceChildren(...rows));
  if (!isStill.matches) rows.forEach((each) => glide(each, tops));
  const fresh = moves.filter((was) => was === 0).length;
  return { moved: moves.filter((was) => was !== null).length - fresh, fresh };
}

function glide(element, tops) {
  const top = tops.get(element.dataset.id);
  const shift = top === undefined ? 0 : top - element.offsetTop;
  if (shift) {
    element.animate([{ transform: `translateY(${shift}px)` }, {}], MOVE);
  } else if (top === undefined) {
    element.animate([{ opacity: 0 }, {}], MOVE);
  }
}

// The button that had the focus gives it to the one in its place.
function keepFocus(list, replace) {
  const focused = document.activeElement;
  const had = list.contains(focused) && focused.closest("li");
  const at = had ? [...list.children].indexOf(had) : -1;
  const kind = focused?.dataset?.kind;
  replace();
  if (!had) return;
  const next = list.children[Math.min(at, list.children.length - 1)];
  (next?.querySelector(`.${kind}`) ?? list).focus({ preventScroll: true });
}
