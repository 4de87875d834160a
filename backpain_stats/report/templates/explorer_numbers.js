"use strict";
// Numbers as text, and the building blocks of the page.

const el = (id) => document.getElementById(id);
const odds = (p) => p / (1 - p);
const logit = (p) => Math.log(odds(p));
const expit = (x) => 1 / (1 + Math.exp(-x));

// ---- Numbers as text: the rules of backpain_stats.estimate -------------------------------------

// toFixed rounds a tie up, Python to the even digit: the page follows Python.
function fixed(value, decimals) {
  const exact = value.toFixed(100),
    end = exact.indexOf(".") + (decimals ? decimals + 1 : 0);
  const tie = /^\.?50*$/.test(exact.slice(end));
  return tie && Number(exact[end - 1]) % 2 === 0 ? exact.slice(0, end) : value.toFixed(decimals);
}
const exponent = (value) => Math.floor(Math.log10(value));
function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "not estimable";
  if (value === Infinity) return "infinity";
  return value === 0 ? "0" : fixed(value, Math.max(0, digits - 1 - exponent(value)));
}
// Only certainty prints as 100%.
function formatPercent(value) {
  if (value > 0.99 && value < 1)
    return `${fixed(100 * value, Math.max(0, -exponent(100 * (1 - value))))}%`;
  const text = formatNumber(100 * value, 2);
  return Number.isNaN(value) ? text : `${text}%`;
}
const span = (low, high, format) =>
  low === high ? format(low) : `${format(low)} to ${format(high)}`;
// Finite data show neither 0% nor 100%: an end there is one-sided, and both say nothing.
function range(low, high) {
  if (low <= 0 && high >= 1) return "any probability";
  if (low <= 0) return `up to ${formatPercent(high)}`;
  return high >= 1 ? `${formatPercent(low)} or more` : span(low, high, formatPercent);
}
// As many patients as are needed for the number to be at least 1 on either side.
function frequency(p) {
  const rarer = Math.min(p, 1 - p);
  const of = rarer >= 0.01 ? 1000 : rarer >= 0.001 ? 10000 : 100000;
  const shown = (count) => Math.round(count).toLocaleString("en");
  if (rarer * of < 1) return `${p < 0.5 ? "fewer than 1" : "more than 99,999"} of 100,000`;
  return `${shown(p * of)} of ${shown(of)}`;
}

// ---- Building blocks ---------------------------------------------------------------------------

function make(name, attributes = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...children);
  return one;
}
function svg(name, attributes, text) {
  const one = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  if (text !== undefined) one.textContent = text;
  return one;
}
const options = (pairs) => pairs.map(([value, text]) => make("option", { value }, text));
const figure = (text, interval = "") => [
  text,
  ...(interval ? [" ", make("span", { class: "interval" }, `(${interval})`)] : []),
];
const number = (text, interval = "") => make("td", { class: "number" }, ...figure(text, interval));
const cell = (...children) => make("td", {}, ...children);
const row = (heading, ...cells) => make("tr", {}, make("th", { scope: "row" }, heading), ...cells);
const items = (texts) => texts.map((text) => make("li", {}, text));

// ---- Room for the longest text -----------------------------------------------------------------

// Behind a text that changes stands, unseen, the longest that it may become: whatever is marked,
// nothing below moves. In a cell the texts are lists of parts.
const unseen = (name, kind, ...parts) =>
  make(name, { class: `${kind} longest`.trim(), "aria-hidden": "true" }, ...parts);
function hold(id, ...longest) {
  const one = el(id);
  for (const old of one.parentElement.querySelectorAll(":scope > .longest")) old.remove();
  one.after(...longest.map((text) => unseen(one.localName, one.className, text)));
}
function held(cell, ...longest) {
  const shown = make("div", {}, ...cell.childNodes);
  const copy = (part) => (typeof part === "string" ? part : part.cloneNode(true));
  const behind = longest.map((parts) => unseen("div", "", ...parts.map(copy)));
  cell.append(make("div", { class: "held" }, shown, ...behind));
  return cell;
}
// Numbers as wide as those of a patient come.
function widest(patient) {
  const percent = (patient.pretest ?? 1) < 1e-4 ? "0.0000088%" : "0.00088%",
    number = "0.00888";
  return {
    percent,
    range: `${percent} to ${percent}`,
    number,
    numbers: `${number} to ${number}`,
    frequency: "fewer than 1 of 100,000",
  };
}
