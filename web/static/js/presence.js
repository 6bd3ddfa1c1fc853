// Who else is here, and what is new: asked again and again while the page is in sight.

import { redraw } from "./answer.js";

// A colleague is to know within two seconds, the way there and back included.
const THREAD_EVERY = 1000;
const QUEUE_EVERY = 2000;

export function bePresent() {
  const place = document.querySelector("[data-present]");
  if (!place) return;
  const token = document.querySelector("input[name=csrf]").value;
  const say = (doing) => {
    const body = new FormData();
    body.set("csrf", token);
    body.set("thread", place.dataset.present);
    body.set("doing", doing);
    for (const reply of document.querySelectorAll("[data-reply]")) body.append("reply", reply.dataset.reply);
    return body;
  };
  const tell = async () => {
    const doing = document.activeElement?.matches("[data-replying]") ? "replying" : "viewing";
    const answer = await fetch(place.dataset.to, { method: "POST", body: say(doing) });
    if (!answer.ok) return;
    const { held, replies } = await answer.json();
    write(place, held.join(", "));
    await redraw(replies);
  };
  again(tell, THREAD_EVERY);
  // At once, and not a second later, when somebody begins to write.
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-replying]")) tell().catch(() => {});
  });
  addEventListener("pagehide", () => navigator.sendBeacon(place.dataset.to, say("left")));
}

export function watchQueue() {
  const news = document.querySelector("[data-news]");
  if (!news) return;
  const known = new Set(news.dataset.known.split("\n"));
  again(async () => {
    const answer = await fetch(news.dataset.news, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { ids, held } = await answer.json();
    const fresh = ids.filter((id) => !known.has(id)).length;
    if (fresh && news.hidden) document.getElementById("live").textContent = `${fresh} new in the queue.`;
    news.hidden = !fresh;
    write(news.querySelector("span"), `${fresh} new`);
    for (const place of document.querySelectorAll("[data-held]")) {
      write(place.querySelector("span"), held[place.dataset.held] ?? "");
      place.hidden = !held[place.dataset.held];
    }
  }, QUEUE_EVERY);
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// One question at a time; none while nobody looks; a server that is away is asked again later.
function again(ask, every) {
  const round = async () => {
    try {
      if (document.visibilityState === "visible") await ask();
    } catch {
      // The next round tries again.
    }
    setTimeout(round, every);
  };
  round();
}
