// Single-key shortcuts. An element says with `data-key` which key presses it; in a list, the current row's
// own element comes first; in an open menu `data-menu-key` comes before all. Off where the reader turned them
// off, while typing, and during IME composition.

const PLACES = { q: "threads", s: "search", w: "watches", o: "sources", ",": "settings" };
const PATIENCE = 1500;

let goUntil = 0;

// Loaded by itself, so that no key is lost while the comforts are still on their way.
document.addEventListener("keydown", onKey);

function onKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) return onSend(event);
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
  if (event.key === "Escape") return onEscape(event);
  if (document.body.dataset.keys !== "on" || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const done = goUntil > event.timeStamp ? go(event.key) : choose(event.key) || press(event.key, event);
  if (done) event.preventDefault();
}

// Ctrl+Enter in a text presses the first button of its form, as in every mail program.
function onSend(event) {
  const form = event.target.matches("textarea") ? event.target.form : null;
  const button = form?.querySelector(".answer-acts > button") ?? form?.querySelector("button:not([type=button])");
  if (!button) return;
  event.preventDefault();
  form.requestSubmit(button);
}

function onEscape(event) {
  if (typing(event.target)) event.target.blur();
}

function typing(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input") && !["checkbox", "radio", "button", "submit"].includes(element.type);
}

function go(key) {
  goUntil = 0;
  const link = document.querySelector(`[data-go="${PLACES[key] ?? "none"}"]`);
  link?.click();
  return Boolean(link);
}

function choose(key) {
  const element = document.querySelector(`details.menu[open] [data-menu-key="${CSS.escape(key)}"]`);
  if (element) use(element);
  return Boolean(element);
}

function press(key, event) {
  if (key === "g") {
    goUntil = event.timeStamp + PATIENCE;
    return true;
  }
  if (key === "?") {
    document.getElementById("keys")?.showModal();
    return true;
  }
  if ((key === "j" || key === "k") && move(key === "j" ? 1 : -1)) return true;
  if (key === "Enter") return onEnter(event);
  return activate(key);
}

function onEnter(event) {
  // Enter belongs to whatever has the focus; only with the focus nowhere does it open the current row.
  if (event.target !== document.body || !current()) return false;
  return activate("o");
}

function activate(key) {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  // In a list where no row is current yet, the first is what `o` opens.
  const row = current() ?? (key === "o" ? rows()[0] : null);
  const element = row?.querySelector(selector) ?? within(selector);
  if (!element) return key === "/" ? search() : key === "*" && selectPage();
  use(element);
  return true;
}

function use(element) {
  if (element.matches("textarea, select, input:not([type=checkbox])")) {
    element.focus();
    element.select?.();
  } else {
    // A menu that opens out of sight is none.
    if (element.matches("summary")) element.focus();
    showPressed(element);
    element.click();
  }
}

// What leads away is seen to be pressed in the very next frame, however long the server takes.
function showPressed(element) {
  if (!element.matches("a[href], button:not([type=button])")) return;
  const seen = element.checkVisibility() ? element : element.closest("[data-row], .menu");
  seen?.setAttribute("data-pressed", "");
}

// A page that comes back as it was left is nobody's press.
addEventListener("pageshow", () => {
  for (const element of document.querySelectorAll("[data-pressed]")) element.removeAttribute("data-pressed");
});

// Outside the current row, only what belongs to the page as a whole.
function within(selector) {
  const found = [...document.querySelectorAll(selector)];
  return found.find((element) => !element.closest("[data-row]"));
}

function search() {
  document.querySelector('[data-go="search"]')?.click();
  return true;
}

// A view of one page has nothing beyond it to act on.
function selectPage() {
  const boxes = document.querySelectorAll("#bulk [data-row] input[name=on]");
  for (const box of boxes) if (!box.checked) box.click();
  return boxes.length > 0;
}

function rows() {
  return [...document.querySelectorAll("[data-rows] > [data-row]")];
}

function current() {
  return document.querySelector("[data-row][data-current]");
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const focused = document.activeElement?.closest("[data-row]");
  const at = all.indexOf(current() ?? focused);
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  mark(next);
  return true;
}

function mark(row) {
  current()?.removeAttribute("data-current");
  row.setAttribute("data-current", "");
  row.querySelector('[data-key="o"]')?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
