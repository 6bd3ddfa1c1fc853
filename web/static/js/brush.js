// Dragging over a chart shows only that stretch of time; a double click shows all of it again. The fields and
// links below the chart do the same without a drag, and every step is an address, so Back works.

const FAR = 5;
const TWICE = 250;

export function brushCharts() {
  for (const chart of document.querySelectorAll("[data-brush]")) brush(chart);
}

function brush(chart) {
  const shade = chart.querySelector(".brush");
  let from = null;
  let dragged = false;
  chart.addEventListener("dragstart", (event) => event.preventDefault());
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = event.clientX;
    dragged = false;
  });
  chart.addEventListener("pointermove", (event) => {
    if (from === null || (!dragged && Math.abs(event.clientX - from) < FAR)) return;
    if (!dragged) chart.setPointerCapture(event.pointerId);
    dragged = true;
    draw(chart, shade, from, event.clientX);
  });
  const stop = () => {
    from = null;
    shade.setAttribute("width", 0);
  };
  chart.addEventListener("pointercancel", stop);
  chart.addEventListener("pointerup", (event) => {
    if (dragged && from !== null) zoom(chart, from, event.clientX);
    stop();
  });
  onClicks(chart, () => dragged);
}

// A click on a bar waits a moment for a second one; a press of Enter does not.
function onClicks(chart, wasDragged) {
  let timer;
  chart.addEventListener("click", (event) => {
    const bar = event.target.closest("a");
    if (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    clearTimeout(timer);
    if (bar && !wasDragged()) timer = setTimeout(() => location.assign(bar.href.baseVal), TWICE);
  });
  chart.addEventListener("dblclick", () => {
    clearTimeout(timer);
    location.assign(chart.dataset.all);
  });
}

function draw(chart, shade, one, other) {
  const box = chart.getBoundingClientRect();
  const unit = chart.viewBox.baseVal.width / box.width;
  const place = (x) => Math.max(0, Math.min(box.width, x - box.left)) * unit;
  shade.setAttribute("x", Math.min(place(one), place(other)));
  shade.setAttribute("width", Math.abs(place(one) - place(other)));
}

function zoom(chart, one, other) {
  const [left, right] = [Math.min(one, other), Math.max(one, other)];
  const bars = [...chart.querySelectorAll("a[data-start]")].filter((bar) => {
    const box = bar.getBoundingClientRect();
    return box.right > left && box.left < right;
  });
  if (!bars.length) return;
  const address = new URL(chart.dataset.brush, location.href);
  address.searchParams.set("from", bars[0].dataset.start);
  address.searchParams.set("to", bars.at(-1).dataset.end);
  location.assign(address);
}
