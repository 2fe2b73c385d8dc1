// The page: one person at a time, and one question after another.

import * as api from "./api.js";
import { SentenceBox } from "./ask.js";
import { find, make, nameOf, waitFor } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { showHealth, showHistory, showInterests } from "./panels.js";
import { KnownUser, Newcomer } from "./people.js";
import { isMixed, showFound, showNumbers, showRecommended } from "./rows.js";
import { showTopics } from "./topics.js";
import { language, locale, say, sayAll, speak } from "./words.js";

const NUM_SHOWN = 10;
const NUM_FOUND = 6;
const HEALTH_MS = 3000;
const MS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

let settings = { users: [], categories: [], like: {}, skip: {} };
let person = new Newcomer();
let done = [];  // what this person did on this page and may take back, latest last
let lastQuestion = "";
let queue = Promise.resolve();
const sentences = new SentenceBox(find("asked"), () => enqueue(() => refresh()));
let numShown = 0;  // times that the panels beside the list were asked for

// One after the other, so that no late answer takes the place of a newer one.
function enqueue(task) {
  queue = queue.then(task).catch(showError);
  return queue;
}

function showError(error) {
  if (!(error instanceof api.ApiError)) console.error(error);
  if (error instanceof api.TokenNeeded) find("door").hidden = false;
  showNotice(error.message);
}

function showNotice(words) {
  find("notice").textContent = words;
  find("notice").hidden = !words;
}

// === Asking ===

function wishes() {
  const query = find("query").value.trim();
  const category = find("category").value;
  return { k: NUM_SHOWN, explain: true, query, category, lang: language() };
}

async function refresh(did = null, postMs = null) {
  const asker = sentences.isActive ? sentences : null;
  const asked = wishes();
  find("wishes").hidden = sentences.isActive;
  find("whose").textContent = person.name;
  const answering = asker ? asker.recommend(person, asked) : person.recommend(asked);
  const answer = await answering.catch(async (error) => {
    find("recommended").replaceChildren();
    find("timing").replaceChildren();
    showNumbers(find("numbers"), []);
    showPerson().catch(showError);
    throw error;
  });
  const { recommendation_id } = answer;
  answer.items = answer.items.map((item) => ({ ...item, recommendation_id }));
  const about = asker ? answer.understood : [asked.query, asked.category];
  const question = JSON.stringify([person.id, about]);
  const isSame = question === lastQuestion;
  lastQuestion = question;
  const list = find("recommended");
  const change = showRecommended(list, answer.items, react, isSame);
  showNumbers(find("numbers"), answer.items);
  find("mixed-note").hidden = !isMixed(answer.items);
  showTiming(answer, postMs);
  showSource(answer);
  tell(answer, change, did, asker ? answer.query : asked.query);
  showPerson().catch(showError);
}

function showTiming(answer, postMs) {
  const took = postMs ? say("click_took", { ms: MS.format(postMs) }) : say("list_took");
  const ms = make("b", {}, say("took", { ms: MS.format(answer.ms) }));
  find("timing").replaceChildren(took, ms, say("took_end"));
  const time = new Date().toLocaleTimeString(locale(), { hour12: false });
  const [state, version] = [person.standing(answer), answer.model_version];
  find("standing").textContent = say("standing", { state, version, time });
}

function showSource({ reason_code }) {
  showNotice(reason_code === "fallback" ? say("is_fallback") : "");
}

function tell(answer, change, did, query) {
  const what = whatToTell(answer, change, did, query);
  const words = did ? say("told", { did: did(), what }) : say("told_one", { what });
  find("changes").textContent = what ? words : "";
}

function whatToTell({ items, reason_code }, change, did, query) {
  if (!items.length) return say("none_fits");
  if (did) return say("moved", change);
  if (query && haveNoSay(items)) return say("no_say");
  if (reason_code !== "cold_user") return "";
  return say(query ? "by_words" : "by_popularity");
}

// Whether the items have reasons, and words are none of them.
function haveNoSay(items) {
  const reasons = items.filter(({ reason }) => reason);
  return reasons.length > 0 &&
    !reasons.some(({ because }) => because.is_found_by_query);
}

// The panels beside the list: no click waits for them, and only the latest are shown.
async function showPerson() {
  const number = ++numShown;
  const events = await person.history();
  if (number !== numShown) return;
  showHistory(events);
  const found = await person.interests().catch((error) => ({ problem: error.message }));
  if (number !== numShown) return;
  showInterests(found);
  showTopics(found);
}

// === Doing ===

function react(item, kind) {
  return enqueue(async () => {
    const { eventId, ms } = await person.react(item, settings[kind]);
    const key = kind === "like" ? "liked" : "skipped";
    const did = () => say(key, { title: nameOf(item) });  // in the language of the day
    offerUndo([...done, { eventId, did }]);
    await refresh(did, ms);
  });
}

function undo() {
  return enqueue(async () => {
    const last = done.at(-1);
    if (!last) return;
    await person.takeBack(last.eventId);
    offerUndo(done.slice(0, -1));
    await refresh(() => say("taken_back", { did: last.did() }));
  });
}

function offerUndo(left) {
  done = left;
  const button = find("undo");
  if (!done.length && document.activeElement === button) find("recommended").focus();
  button.hidden = !done.length;
  if (!done.length) return;
  button.setAttribute("aria-label", say("undo_what", { did: done.at(-1).did() }));
}

function change(makePerson) {
  return enqueue(async () => {
    person = makePerson();
    sentences.reset();
    offerUndo([]);
    find("user").value = person.id;
    writeAddress({ user: person.id });
    await refresh();
  });
}

const readAddress = () => new URLSearchParams(location.hash.slice(1));

// Puts what is asked for into the address, and leaves the rest of it.
function writeAddress(changes) {
  const address = readAddress();
  for (const [name, value] of Object.entries(changes)) {
    if (value) address.set(name, value);
    else address.delete(name);
  }
  const parts = [...address].map((pair) => pair.map(encodeURIComponent).join("="));
  history.replaceState(null, "", `#${parts.join("&")}`);
}

// In the language of the address, else in one that the browser asks for.
function beginToSpeak() {
  const chosen = readAddress().get("lang");
  speak(chosen ? [chosen] : navigator.languages);
  find("language").value = language();
  sayAll();
}

function changeLanguage() {
  writeAddress({ lang: find("language").value });
  beginToSpeak();
  offerUndo(done);
  showSearch().catch((error) => showNotice(error.message));
  lookAtHealth();
  return enqueue(() => refresh());
}

const startAs = (id) => change(() => (id ? new KnownUser(id) : new Newcomer()));

async function showSearch() {
  const query = find("search").value.trim();
  const { items } = query ? await api.search(query, NUM_FOUND) : { items: [] };
  if (query !== find("search").value.trim()) return;
  showFound(find("found"), items, react);
  const none = query && !items.length;
  find("found-count").textContent = none ? say("found_none") : "";
}

// === Listening ===

function listen() {
  find("who").addEventListener("submit", (event) => {
    event.preventDefault();
    startAs(find("user").value.trim());
  });
  find("newcomer").addEventListener("click", () => startAs(""));
  find("language").addEventListener("change", changeLanguage);
  find("door").addEventListener("submit", (event) => {
    event.preventDefault();
    api.showToken(find("token").value.trim());
    find("door").hidden = true;
    begin();
  });
  find("wishes").addEventListener("submit", (event) => event.preventDefault());
  find("query").addEventListener("input", waitFor(300, () => enqueue(() => refresh())));
  find("category").addEventListener("change", () => enqueue(() => refresh()));
  const look = () => showSearch().catch((error) => showNotice(error.message));
  find("search").addEventListener("input", waitFor(120, look));
  find("undo").addEventListener("click", undo);
  listenToKeys();
}

const lookAtHealth = async () => showHealth(await api.health().catch(() => null));

async function watchHealth() {
  await lookAtHealth();
  setTimeout(watchHealth, HEALTH_MS);
}

async function offer() {
  settings = await api.settings();
  find("skip-note").hidden = !settings.is_skip_hidden;
  find("users").append(...settings.users.map((id) => make("option", { value: id })));
  find("category").append(...settings.categories.map((name) => make("option", {}, name)));
  return readAddress().get("user") ?? settings.users[0] ?? "";
}

function begin() {
  enqueue(async () => void startAs(await offer()));
}

beginToSpeak();
listen();
watchHealth();
begin();
