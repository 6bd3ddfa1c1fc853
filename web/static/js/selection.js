// What is selected: rows, counted in the bar that the style sheet shows, and words that are to be muted.

// A field takes over what was marked in the texts; with something in it, its key presses its button at once.
export function takeSelectedWords() {
  const field = document.querySelector("[data-selected]");
  if (!field) return;
  const button = field.parentElement.querySelector("button");
  document.addEventListener("selectionchange", () => {
    const marked = getSelection();
    const place = marked.anchorNode?.parentElement?.closest(field.dataset.selected);
    if (!place || marked.isCollapsed) return;
    field.value = marked.toString().trim().replace(/\s+/g, " ").slice(0, field.maxLength);
    const keyed = field.value ? button : field;
    for (const each of [field, button]) delete each.dataset.menuKey;
    keyed.dataset.menuKey = "w";
  });
}

export function countSelection() {
  const form = document.getElementById("bulk");
  const label = form?.querySelector("[data-count]");
  if (!label) return;
  const count = () => {
    const chosen = form.querySelectorAll("input[name=on]:checked").length;
    label.textContent = `${chosen} selected`;
  };
  form.addEventListener("change", (event) => {
    // A row that stands for others is selected with them.
    const leads = event.target.dataset?.leads;
    if (leads) {
      for (const box of form.querySelectorAll(`[data-with="${CSS.escape(leads)}"]`)) box.checked = event.target.checked;
    }
    count();
  });
  count();
}
