// An answer on its way: sent from here, or into the clipboard with the post opened beside.

export function copyAndOpen() {
  const form = document.querySelector("form.answer");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    if (event.submitter && !event.submitter.hasAttribute("data-copy")) return;
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

// A reply that stands otherwise now is drawn anew as the server draws it.
export async function redraw(standing) {
  const changed = [...document.querySelectorAll("[data-reply]")].filter(
    (place) => standing[place.dataset.reply] && standing[place.dataset.reply] !== place.dataset.standing,
  );
  if (!changed.length) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of changed) {
    const drawn = fresh.getElementById(place.id);
    if (drawn) place.replaceWith(document.adoptNode(drawn));
  }
}
