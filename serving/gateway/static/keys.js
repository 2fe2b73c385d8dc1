// Arrow keys between titles, letters for what their buttons do.

import { find } from "./dom.js";

const KINDS = { l: "like", s: "skip" };

function focusRow(current, step, kind) {
  const rows = [...document.querySelectorAll(".rows .row")];
  const next = rows[rows.indexOf(current) + step];
  next?.querySelector(`.${kind}`).focus();
}

function onListKey(event, row) {
  const focusedKind = document.activeElement.dataset.kind ?? "like";
  if (event.key === "ArrowDown") focusRow(row, 1, focusedKind);
  else if (event.key === "ArrowUp") focusRow(row, -1, focusedKind);
  else if (event.key in KINDS) row.querySelector(`.${KINDS[event.key]}`).click();
  else return;
  event.preventDefault();
}

function enterList(event, list) {
  const isWanted = event.key === "ArrowDown" || event.key === "Enter";
  const first = isWanted && list.querySelector(".like");
  if (!first) return;
  first.focus();
  event.preventDefault();
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    const row = target.closest(".rows .row");
    if (row) onListKey(event, row);
    else if (target === find("search")) enterList(event, find("found"));
    if (target.matches("input, select")) return;
    if (event.key === "u") find("undo").click();
    if (event.key === "/") {
      event.preventDefault();
      find("search").focus();
    }
  });
  find("recommended").addEventListener("keydown", (event) => {
    if (event.target === event.currentTarget) enterList(event, event.target);
  });
}
