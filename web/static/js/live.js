// What comes of a page that the crawler was asked to read once, told as soon as it is there.

const AGAIN = 1500;
const PATIENCE = 80;

export function awaitTries() {
  for (const place of document.querySelectorAll("[data-try]")) wait(place, PATIENCE);
}

function wait(place, left) {
  const look = async () => {
    const answer = await fetch(place.dataset.try, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : {};
    if (found.outcome) place.querySelector("[data-outcome]").textContent = found.outcome;
    else if (left > 0) wait(place, left - 1);
  };
  setTimeout(() => look().catch(() => wait(place, left - 1)), AGAIN);
}
