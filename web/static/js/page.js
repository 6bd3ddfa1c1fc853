// Small comforts: announcements, menus that close, notes that survive a reload, orders that apply at once.

const LOOK_AGAIN = 4000;

// A live region speaks only when it changes, so what was just done is put in after the page has loaded.
export function announce() {
  const said = document.querySelector("#toast p")?.textContent?.trim();
  const live = document.getElementById("live");
  if (!said || !live) return;
  setTimeout(() => {
    live.textContent = `${said}. Undo with z.`;
  }, 100);
  // A reload must not tell it again.
  const address = new URL(location.href);
  address.searchParams.delete("done");
  address.searchParams.delete("missed");
  history.replaceState(null, "", address);
}

// Only the browser knows where its clock stands; from the next page on the server writes times for it.
export function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.split("; ").includes(`earful_zone=${zone}`)) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `earful_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

export function sendOnChange() {
  for (const field of document.querySelectorAll("[data-send]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }
}

export function closeMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  // Also where the focus goes elsewhere: an open menu would hide what has it.
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

export function keepDrafts() {
  for (const field of document.querySelectorAll("[data-draft]")) {
    const key = `draft:${field.dataset.draft}`;
    if (field.hasAttribute("data-filled")) {
      // A macro was chosen: from here on it is a draft like any other, and a reload must not bring it back.
      sessionStorage.setItem(key, field.value);
      const address = new URL(location.href);
      address.searchParams.delete("macro");
      history.replaceState(null, "", address);
      field.focus();
    } else {
      field.value = sessionStorage.getItem(key) ?? field.value;
    }
    field.addEventListener("input", () => sessionStorage.setItem(key, field.value));
    field.form.addEventListener("submit", () => sessionStorage.removeItem(key));
  }
}

// The page before the first mention looks whether there is one now.
export function waitForFirst() {
  const waiting = document.querySelector("[data-wait]");
  if (!waiting) return;
  const look = async () => {
    if (document.visibilityState === "visible") {
      const answer = await fetch(waiting.dataset.wait, { headers: { Accept: "application/json" } });
      if (answer.ok && (await answer.json()).total > 0) {
        location.reload();
        return;
      }
    }
    setTimeout(look, LOOK_AGAIN);
  };
  setTimeout(look, LOOK_AGAIN);
}

// The address holds the whole view, so a link to it is all there is to share.
export function copyLinks() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy || location.href);
      button.setAttribute("aria-pressed", "true");
    });
  }
}
