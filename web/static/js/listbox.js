// A field with a list under it (the combobox pattern): arrows move, Enter chooses, Escape closes.

let count = 0;

export function listbox(input, list, pick) {
  count += 1;
  list.id ||= `list-${count}`;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  let items = [];
  let at = -1;

  const mark = (next) => {
    at = next;
    [...list.children].forEach((option, number) => {
      option.setAttribute("aria-selected", String(number === at));
      if (number === at) option.scrollIntoView({ block: "nearest" });
    });
    if (at >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const show = (found, first = -1) => {
    items = found;
    list.replaceChildren(...found.map((item, number) => option(item, number)));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(Boolean(found.length)));
    mark(first);
  };
  const option = (item, number) => {
    const line = document.createElement("li");
    line.id = `${list.id}-${number}`;
    line.setAttribute("role", "option");
    line.textContent = item.label;
    line.addEventListener("mousedown", (event) => {
      event.preventDefault();
      pick(item);
    });
    return line;
  };
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark((at + step + items.length) % items.length);
    } else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && at >= 0) {
      pick(items[at]);
    } else if (event.key === "Escape" && !input.closest("dialog")) {
      show([]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return show;
}
