// Ctrl+K: everything that this page can do, by name.

import { listbox } from "./listbox.js";

const MOST = 12;

export function openPalette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const show = listbox(input, dialog.querySelector("ul"), (item) => {
    dialog.close();
    item.run();
  });
  const fill = () => show(fitting(input.value.trim(), dialog.dataset.search), 0);
  input.addEventListener("input", fill);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) return;
    input.value = "";
    dialog.showModal();
    fill();
  });
}

function fitting(typed, search) {
  const words = typed.toLowerCase().split(/\s+/);
  const found = actions().filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
  if (typed) {
    const address = `${search}?q=${encodeURIComponent(typed)}`;
    found.push({ label: `Search mentions for “${typed}”`, run: () => location.assign(address) });
  }
  return found.slice(0, MOST);
}

// What can be pressed on the page, with the words that it carries.
function actions() {
  const row = document.querySelector("[data-row][data-current]");
  const places = [
    ["", document.querySelectorAll(".acts button")],
    ["", row ? row.querySelectorAll(".row-acts button") : []],
    ["", document.querySelectorAll(".head-acts a:not([hidden]), .head-acts button")],
    ["Go to ", document.querySelectorAll(".nav a, .tabs a")],
  ];
  return places.flatMap(([before, elements]) =>
    [...elements].map((element) => ({ label: before + words(element), run: () => element.click() })),
  );
}

function words(element) {
  const copy = element.cloneNode(true);
  for (const aside of copy.querySelectorAll("kbd, .count")) aside.remove();
  return copy.textContent.trim().replace(/\s+/g, " ") || element.title;
}
