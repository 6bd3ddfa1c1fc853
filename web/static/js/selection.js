// How many rows are selected, said in the bar that the style sheet shows.

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
