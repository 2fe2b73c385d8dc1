// Who is asking: somebody whose events the gateway keeps, or somebody new, whose
// events stay in this page.

import * as api from "./api.js";
import { say } from "./words.js";

// `.` and `..` as a whole segment would be taken for folders on the way.
const isAddressable = (id) => !/^\.{1,2}$/.test(id);

// An event of this moment, with an id by which it can be taken back.
function eventNow(item, reaction) {
  const ms = Date.now();
  const words = crypto.getRandomValues(new Uint32Array(4));
  const event_id = Array.from(words, (word) => word.toString(36)).join("-");
  const moment = { timestamp: Math.floor(ms / 1000), sequence: ms % 1000 };
  return { item_id: item.item_id, ...reaction, ...moment, event_id };
}

export class KnownUser {
  constructor(id) {
    if (!isAddressable(id)) throw new api.ApiError(say("bad_address", { user: id }));
    this.id = id;
  }

  get name() {
    return say("for_user", { user: this.id });
  }

  // Gives the id of the event, and the milliseconds that it took.
  async react(item, reaction) {
    const event = eventNow(item, reaction);
    const { recommendation_id } = item;
    const { ms } = await api.post({ user_id: this.id, recommendation_id, ...event });
    return { eventId: event.event_id, ms };
  }

  async takeBack(eventId) {
    await api.takeBack(this.id, eventId);
  }

  recommend(wishes) {
    return api.recommend(this.id, wishes);
  }

  ask(sentence) {
    return api.askSentence(this.id, sentence);
  }

  interests() {
    return api.interests(this.id);
  }

  async history() {
    return (await api.state(this.id)).events;
  }

  standing(answer) {
    return say("state", { version: answer.state_version });
  }
}

export class Newcomer {
  constructor() {
    this.id = "";
    this.events = [];
  }

  get name() {
    return say("for_newcomer");
  }

  async react(item, reaction) {
    const event = eventNow(item, reaction);
    this.events.push({ title: item.title, ...event });
    return { eventId: event.event_id, ms: null };
  }

  async takeBack(eventId) {
    this.events = this.events.filter((event) => event.event_id !== eventId);
  }

  recommend(wishes) {
    return api.recommendToSession(this.#sent(), wishes);
  }

  ask(sentence) {
    return api.askSentenceOfSession(this.#sent(), sentence);
  }

  interests() {
    return api.sessionInterests(this.#sent());
  }

  async history() {
    return this.events;
  }

  standing() {
    return say("session", { events: this.events.length });
  }

  #sent() {
    return this.events.map(({ item_id, event, value, timestamp }) => ({
      item_id, event, value, timestamp,
    }));
  }
}
