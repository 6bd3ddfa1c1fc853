// An answer on its way to the source: into the clipboard, the post opened beside, the form sent.

export function copyAndOpen() {
  const form = document.querySelector("form.answer");
  if (!form) return;
  form.addEventListener("submit", () => {
    copy(form.elements.text);
    if (form.dataset.open) window.open(form.dataset.open, "_blank", "noopener,noreferrer");
  });
}

// Without TLS on another host there is no clipboard object; the old way works there.
function copy(field) {
  if (navigator.clipboard) {
    navigator.clipboard.writeText(field.value).catch(() => undefined);
    return;
  }
  field.select();
  document.execCommand("copy");
}
