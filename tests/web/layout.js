// What axe does not see: sideways scrolling, small targets, hidden focus, more than three sizes of text.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const told = (element) => element.outerHTML.slice(0, 90);

  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) {
    const edge = document.documentElement.clientWidth;
    const past = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > edge + 1);
    const named = past.slice(-3).map((one) => `${one.tagName.toLowerCase()}.${one.className} "${one.textContent.trim().slice(0, 30)}"`);
    faults.push(`scrolls sideways by ${wide}: ${named.join(", ")}`);
  }

  for (const element of document.querySelectorAll("button, summary, select, input, nav a, .button, .pill")) {
    const box = element.getBoundingClientRect();
    if (!box.width || !shown(element)) continue;
    if (element.matches("[type=hidden], .unseen-until-focus, .skip")) continue;
    const label = element.closest("label")?.getBoundingClientRect();
    const height = Math.max(box.height, label?.height ?? 0);
    const width = Math.max(box.width, label?.width ?? 0);
    if (height < 24) faults.push(`target ${Math.round(height)} px high: ${told(element)}`);
    if (width < 24) faults.push(`target ${Math.round(width)} px wide: ${told(element)}`);
  }

  // WCAG 2.4.11: what has the focus is not wholly under a bar that stays in place.
  const stays = (part) => ["fixed", "sticky"].includes(getComputedStyle(part).position);
  const inPlace = (element) => {
    for (let part = element; part; part = part.parentElement) if (stays(part)) return true;
    return false;
  };
  const fields = "main a[href], main button, main input, main select, main textarea";
  for (const element of [...document.querySelectorAll(fields)].slice(0, 60)) {
    if (!shown(element) || !element.getClientRects().length) continue;
    element.focus();
    if (document.activeElement !== element) continue;
    const box = element.getBoundingClientRect();
    const points = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.9, 0.9]];
    const tops = points.map(([x, y]) => document.elementFromPoint(box.left + box.width * x, box.top + box.height * y));
    const related = (top) => element.contains(top) || top.contains(element) || element.closest("label")?.contains(top);
    if (tops.every((top) => top && !related(top) && inPlace(top))) faults.push(`focus hidden: ${told(element)}`);
  }
  document.activeElement?.blur();
  scrollTo(0, 0);

  const sizes = new Set();
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && shown(parent) && !parent.closest("select, .unseen"))
      sizes.add(getComputedStyle(parent).fontSize);
  }
  if (sizes.size > 3) faults.push(`text sizes ${[...sizes]}`);
  return faults;
}
