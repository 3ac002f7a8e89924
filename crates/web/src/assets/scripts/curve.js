// The sparklines of CPU and memory.

/** How many values are kept: as many as the server keeps. */
const HISTORY = 40;

const SVG = "http://www.w3.org/2000/svg";

/** Appends a value. */
export const push = (values, value) => {
  values.push(value);
  if (values.length > HISTORY) values.shift();
};

/** The history in a cell: numbers separated by commas. */
export const historyIn = cell => (cell.dataset.h || "").split(",").filter(Boolean).map(Number);

const drawing = cell => {
  const known = cell.querySelector("svg");
  if (known) return known;
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { class: "spark", viewBox: `0 0 ${HISTORY - 1} 10`, preserveAspectRatio: "none", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  svg.append(document.createElementNS(SVG, "path"), document.createElementNS(SVG, "polyline"));
  cell.prepend(svg);
  return svg;
};

/** Draws values, the newest at the right edge; the scale spans at least `low` to `high`. */
export const draw = (cell, values, low, high) => {
  const [area, line] = drawing(cell).children;
  const known = values.length > 1 ? values : [values[0] ?? low, values[0] ?? low];
  const bottom = Math.min(low, ...known), top = Math.max(high, ...known, bottom + 1);
  const first = HISTORY - known.length;
  const points = known.map((value, at) => `${first + at},${(9.4 - 8.8 * (value - bottom) / (top - bottom)).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
  area.setAttribute("d", `M${first},10L${points.join("L")}L${HISTORY - 1},10Z`);
};

/** Writes text behind the sparkline. */
export const write = (cell, words) => {
  const last = cell.lastChild;
  if (!last || last.nodeType !== Node.TEXT_NODE) cell.append(words);
  else if (last.data !== words) last.data = words;
};
