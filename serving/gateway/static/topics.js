// What a person's recommendations are about, and what that was before.

import { bar, find, make, percent } from "./dom.js";
import { say } from "./words.js";

const NUM_TOPICS = 4;
const NUM_KEYWORDS = 6;
const MOVED = 0.02;  // less is not worth a line

function before({ weight, day_ago, week_ago }) {
  const parts = [["day_ago", day_ago], ["week_ago", week_ago]]
    .filter(([, share]) => Math.abs(share - weight) >= MOVED)
    .map(([key, share]) => say(key, { share: share ? percent(share) : say("none") }));
  return parts.length ? make("small", {}, parts.join(say("comma"))) : null;
}

function row(each) {
  return make("li", {},
    make("span", { class: "name", title: each.name }, each.name),
    bar(each.weight),
    make("span", { class: "number" }, percent(each.weight)),
    before(each));
}

export function showTopics({ topics = [], keywords = [] }) {
  find("topics").replaceChildren(...topics.slice(0, NUM_TOPICS).map(row));
  find("keywords").replaceChildren(...keywords.slice(0, NUM_KEYWORDS).map(row));
  find("about").hidden = !topics.length && !keywords.length;
}
