// Who is asking: somebody whose events the gateway keeps, or somebody new, whose
// events stay in this page.

import * as api from "./api.js";

// `.` and `..` as a whole segment would be taken for folders on the way.
const isAddressable = (id) => !/^\.{1,2}$/.test(id);

function eventNow(reaction) {
  const ms = Date.now();
  return { ...reaction, timestamp: Math.floor(ms / 1000), sequence: ms % 1000 };
}

export class KnownUser {
  constructor(id) {
    if (!isAddressable(id)) throw new api.ApiError(`No browser can ask for “${id}”.`);
    this.id = id;
    this.name = `for ${id}`;
  }

  react(item, reaction) {
    return api.post({ user_id: this.id, item_id: item.item_id, ...eventNow(reaction) });
  }

  recommend(wishes) {
    return api.recommend(this.id, wishes);
  }

  interests() {
    return api.interests(this.id);
  }

  async history() {
    return (await api.state(this.id)).events;
  }

  standing(answer) {
    return `state ${answer.state_version}`;
  }
}

export class Newcomer {
  constructor() {
    this.id = "";
    this.name = "for somebody new";
    this.events = [];
  }

  async react(item, reaction) {
    const event = eventNow(reaction);
    this.events.push({ item_id: item.item_id, title: item.title, ...event });
    return { ms: 0 };
  }

  recommend(wishes) {
    return api.recommendToSession(this.#sent(), wishes);
  }

  interests() {
    return api.sessionInterests(this.#sent());
  }

  async history() {
    return this.events;
  }

  standing() {
    return `session of ${this.events.length}`;
  }

  #sent() {
    return this.events.map(({ item_id, event, value, timestamp }) => ({
      item_id, event, value, timestamp,
    }));
  }
}
