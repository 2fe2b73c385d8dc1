// A sentence as a request: its box, and what was understood as parts to take off.

import { make } from "./dom.js";
import { language, say } from "./words.js";

function newSession() {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return Array.from(words, (word) => word.toString(36)).join("-");
}

// The box in `place`. `onChange` is called when the list must be asked for again.
export class SentenceBox {
  #session = newSession();
  #pending = null;  // what the next request says
  #isActive = false;

  constructor(place, onChange) {
    this.onChange = onChange;
    this.input = make("input", {
      id: "sentence", type: "search", maxlength: "1000", "data-placeholder": "ask_such_as",
    });
    const form = make("form", { id: "ask", autocomplete: "off" },
      make("label", { for: "sentence", "data-say": "ask_label" }),
      this.input, make("button", { "data-say": "ask_go" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say(this.input.value.trim());
    });
    this.parts = make("ul", { id: "understood", "data-label": "ask_label" });
    this.notes = make("p", { id: "ask-notes", class: "quiet", role: "status" });
    place.replaceChildren(form, this.parts, this.notes);
  }

  // Whether the list answers a sentence, and not the other fields.
  get isActive() {
    return this.#isActive;
  }

  // Another person starts without the sentences of the one before.
  reset() {
    this.#isActive = false;
    this.#session = newSession();
    this.input.value = "";
    this.parts.replaceChildren();
    this.notes.textContent = "";
  }

  // The list of a person: for what was just said, or for the same request again.
  async recommend(person, { k, explain }) {
    const said = this.#pending ?? {};
    this.#pending = null;
    const lang = language();
    const body = { text: "", k, explain, lang, session: this.#session, ...said };
    const answer = await person.ask(body);
    this.#isActive = true;
    this.#show(answer);
    return answer;
  }

  #say(text) {
    if (!text) return;
    this.#isActive = true;
    this.#pending = { text };
    this.input.value = "";
    this.onChange();
  }

  #show({ understood, notes }) {
    const end = make("button", { type: "button", class: "chip end" }, say("ask_end"));
    end.addEventListener("click", () => {
      this.reset();
      this.onChange();
    });
    this.parts.replaceChildren(
      ...understood.map((part) => make("li", {}, this.#chip(part))),
      make("li", {}, end));
    this.notes.textContent = [...notes, say("ask_refine")].join(" ");
  }

  #chip(part) {
    const kind = part.is_applied ? (part.is_hard ? "hard" : "soft") : "idle";
    const button = make("button", {
      type: "button", class: `chip ${kind}`, "aria-label": say("ask_remove", part),
    }, part.words, make("span", { "aria-hidden": "true" }, " ×"));
    button.addEventListener("click", () => {
      this.#pending = { without: [part.id] };
      this.onChange();
    });
    return button;
  }
}
