// The gateway's routes. Each answer comes with the milliseconds it took.

import { say } from "./words.js";

export class ApiError extends Error {}
export class TokenNeeded extends ApiError {}

let token = "";  // in memory alone: gone with the page

export const showToken = (text) => void (token = text);

async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = body === undefined ? { method, headers } : {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const started = performance.now();
  const response = await fetch(path, options).catch(() => {
    throw new ApiError(say("no_answer"));
  });
  const answer = await response.json().catch(() => ({}));
  const ms = performance.now() - started;
  if (response.status === 401) throw new TokenNeeded(answer.detail);
  if (!response.ok && !answer.store) {
    throw new ApiError(answer.detail ?? say("bad_answer", response));
  }
  return { ...answer, ms };
}

const ofUser = (id, what) => `v1/users/${encodeURIComponent(id)}/${what}`;

export const settings = () => ask("v1/page");
export const health = () => ask("health");
export const search = (query, limit) =>
  ask(`v1/items?${new URLSearchParams({ query, limit })}`);
export const post = (event) => ask("v1/events", event);
export const takeBack = (id, eventId) =>
  ask(ofUser(id, `events/${encodeURIComponent(eventId)}`), undefined, "DELETE");
export const state = (id) => ask(ofUser(id, "state"));
export const interests = (id) => ask(ofUser(id, "interests"));
export const recommend = (id, wishes) =>
  ask(`${ofUser(id, "recommendations")}?${new URLSearchParams(wishes)}`);
export const sessionInterests = (history) =>
  ask("v1/sessions/interests", { history });
export const recommendToSession = (history, wishes) =>
  ask("v1/sessions/recommendations", { history, ...wishes });
export const askSentence = (id, body) => ask(ofUser(id, "ask"), body);
export const askSentenceOfSession = (history, body) =>
  ask("v1/sessions/ask", { history, ...body });
