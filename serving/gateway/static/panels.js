// Interests, history and the line on health: what is only shown.

import { bar, find, make, nameOf, percent } from "./dom.js";
import { locale, say } from "./words.js";

const NUM_CATEGORIES = 6;
const NUM_EVENTS = 5;
const TIME = { dateStyle: "medium", timeStyle: "short" };

function bars(list, pairs) {
  const largest = pairs[0]?.[1] ?? 1;
  const rows = pairs.map(([name, weight]) =>
    make("li", {},
      make("span", { class: "name", title: name }, name),
      bar(weight / largest),
      make("span", { class: "number" }, percent(weight))));
  list.replaceChildren(...rows);
}

export function showInterests({ items = [], categories = [], problem = "" }) {
  const nothing = problem || say("no_interests");
  find("interests-note").textContent = items.length ? say("interests_from") : nothing;
  bars(find("categories"), categories.slice(0, NUM_CATEGORIES)
    .map((each) => [each.name, each.weight]));
  bars(find("events"), items.slice(0, NUM_EVENTS)
    .map((each) => [nameOf(each), each.weight]));
}

function what({ event, value }) {
  const kind = event || "view";
  return value === null || value === undefined ? kind : `${kind} ${value}`;
}

export function showHistory(events) {
  const rows = events.toReversed().map((event) => {
    const date = new Date(1000 * event.timestamp);
    const isDate = !Number.isNaN(date.getTime());
    const time = isDate ? date.toLocaleString(locale(), TIME)
      : say("seconds", { seconds: event.timestamp });
    return make("li", {},
      make("span", { class: "name" },
        event.item_id ? nameOf(event) : say("wrote", event)),
      make("span", { class: "kind" }, what(event)),
      make("time", isDate ? { datetime: date.toISOString() } : {}, time));
  });
  find("history").replaceChildren(...rows);
  find("history-note").textContent = events.length
    ? "" : say("no_history");
  find("history-count").textContent = events.length ? `${events.length}` : "";
}

// `health` is null if the gateway does not answer.
export function showHealth(health) {
  const parts = health ? [
    ["store_bad", health.store],
    ["model_bad", health.model_server],
    ["items_bad", health.items],
  ] : [["gateway_bad", ""]];
  const bad = parts.filter(([, why]) => why !== "ok");
  const spans = bad.map(([key, why]) =>
    make("span", { class: "bad" }, say(key, { why })));
  find("health").replaceChildren(
    ...spans.length ? spans : [make("span", {}, say("all_good"))]);
}
