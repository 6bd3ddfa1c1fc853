// Fields and values of the query language, offered while a query is typed.

import { listbox } from "./listbox.js";

const PAUSE = 120;

export function completeQueries() {
  for (const input of document.querySelectorAll("[data-complete]")) offer(input);
}

function offer(input) {
  const list = document.createElement("ul");
  list.className = "offers sheet";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Ways to go on");
  list.hidden = true;
  input.after(list);
  let asked = 0;
  const ask = async () => {
    asked += 1;
    const mine = asked;
    const before = input.value.slice(0, input.selectionStart);
    const answer = await fetch(`${input.dataset.complete}?q=${encodeURIComponent(before)}`);
    if (!answer.ok || mine !== asked || document.activeElement !== input) return;
    show((await answer.json()).suggestions);
  };
  const show = listbox(input, list, (item) => {
    const end = input.selectionStart;
    input.setRangeText(item.text, item.start, end, "end");
    show([]);
    ask().catch(() => undefined);
  });
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => show([])), PAUSE);
  });
  input.addEventListener("blur", () => show([]));
}
