"use strict";
// The page looks up precomputed likelihood ratios and applies the odds. It computes no statistics.
const DATA = JSON.parse(document.getElementById("data").textContent);
const el = (id) => document.getElementById(id);
const STATES = ["not assessed", "present", "absent"];
const state = { target: "", setting: "", pretest: null, model: "", findings: [] };

const cases = (target) => DATA.cases.filter((one) => one.target === target);
const current = () => DATA.cases.find((one) => one.target === state.target && one.setting === state.setting);
const odds = (p) => p / (1 - p);
const fromOdds = (o) => (o === Infinity ? 1 : o / (1 + o));
const read = (value) => (value === "inf" ? Infinity : value === null ? NaN : value);

// The same rule as backpain_stats.estimate: significant digits, and only certainty prints as 100%.
function formatNumber(value, digits) {
  if (Number.isNaN(value)) return "not estimable";
  if (!Number.isFinite(value)) return "infinity";
  if (value === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(decimals);
}
function formatPercent(value) {
  if (Number.isNaN(value)) return "not estimable";
  if (value > 0.99 && value < 1) {
    return (100 * value).toFixed(Math.max(0, -Math.floor(Math.log10(100 * (1 - value))))) + "%";
  }
  return formatNumber(100 * value, 2) + "%";
}

function lookup() {
  const here = current();
  const table = here.tables[state.model];
  const index = state.findings.reduce((sum, one, place) => sum + one * 3 ** place, 0);
  return {
    here, index,
    refused: here.refused[index],
    lr: read(table.lr[index]), low: read(table.low[index]), high: read(table.high[index]),
    contributions: table.contributions ? table.contributions[index] : null,
  };
}
const after = (ratio) => (Number.isNaN(ratio) ? NaN : fromOdds(odds(state.pretest) * ratio));

function option(value, text) {
  const one = document.createElement("option");
  one.value = value; one.textContent = text;
  return one;
}
function svg(name, attributes, text) {
  const one = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  if (text !== undefined) one.textContent = text;
  return one;
}
function row(cells) {
  const tr = document.createElement("tr");
  cells.forEach((cell, place) => {
    const td = document.createElement(place ? "td" : "th");
    if (!place) td.scope = "row";
    if (cell && cell.href) {
      const a = document.createElement("a");
      a.href = cell.href; a.textContent = cell.text; td.append(a);
    } else if (cell && cell.number !== undefined) {
      td.className = "number"; td.textContent = cell.number;
    } else td.textContent = cell;
    tr.append(td);
  });
  return tr;
}

function drawFlags() {
  const here = current();
  el("flags").replaceChildren(...here.flags.map((flag, place) => {
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = flag.label;
    const choices = document.createElement("div");
    choices.className = "choices";
    STATES.forEach((text, value) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio"; input.name = "flag-" + flag.id; input.value = value;
      input.checked = state.findings[place] === value;
      input.addEventListener("change", () => { state.findings[place] = value; update(); });
      label.append(input, text);
      choices.append(label);
    });
    set.append(legend, choices);
    return set;
  }));
}

function drawNomogram(result) {
  const canvas = el("nomogram"), top = 34, bottom = 412, limit = 7.2;
  const y = (value) => bottom - ((Math.max(-limit, Math.min(limit, value)) + limit) / (2 * limit)) * (bottom - top);
  const logit = (p) => Math.log(p / (1 - p));
  const parts = [];
  const axis = (x, heading) => {
    parts.push(svg("line", { class: "axis", x1: x, x2: x, y1: top, y2: bottom }));
    heading.forEach((line, place) => parts.push(svg("text", { x, y: 12 + 11 * place, "text-anchor": "middle" }, line)));
  };
  const tick = (x, at, text, left) => {
    parts.push(svg("line", { class: "tick", x1: x - 3, x2: x + 3, y1: at, y2: at }));
    parts.push(svg("text", { x: left ? x - 6 : x + 6, y: at + 3.5, "text-anchor": left ? "end" : "start" }, text));
  };
  const percents = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95, 99, 99.9];
  const ratios = [1000, 200, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.005, 0.001];
  axis(50, ["before", "(%)"]); axis(160, ["likelihood", "ratio"]); axis(270, ["after", "(%)"]);
  percents.forEach((p) => { tick(50, y(-logit(p / 100)), p, true); tick(270, y(logit(p / 100)), p, false); });
  ratios.forEach((ratio) => tick(160, y(Math.log(ratio) / 2), ratio, false));
  const start = y(-logit(state.pretest));
  const end = (ratio) => y(Math.log(odds(state.pretest)) + Math.log(ratio));
  if (!Number.isNaN(result.low)) {
    parts.push(svg("polygon", { class: "band", points: `50,${start} 270,${end(result.low)} 270,${end(result.high)}` }));
  }
  if (!Number.isNaN(result.lr)) parts.push(svg("line", { class: "line", x1: 50, y1: start, x2: 270, y2: end(result.lr) }));
  canvas.replaceChildren(...parts);
  el("nomogram-text").textContent = "Fagan nomogram: the line runs from the pre-test probability over the combined likelihood ratio to the post-test probability; the band is the 95% interval.";
}

function drawIcons(result) {
  const point = after(result.lr), low = after(result.low), high = after(result.high);
  const whole = (p) => (Number.isNaN(p) ? 0 : Math.round(1000 * p));
  const sure = Number.isNaN(point) ? whole(low) : whole(point);
  const most = whole(high);
  const parts = [];
  for (let i = 0; i < 1000; i += 1) {
    const kind = i < sure ? "sick" : i < most ? "unsure" : "well";
    parts.push(svg("rect", { class: kind, x: (i % 40) * 10 + 1.5, y: Math.floor(i / 40) * 10 + 1.5, width: 7, height: 7, rx: kind === "well" ? 3.5 : 1 }));
  }
  el("icons").replaceChildren(...parts);
  const text = Number.isNaN(point)
    ? `Of 1,000 such patients between ${whole(low)} and ${most} have the condition: the figures do not say more.`
    : `Of 1,000 such patients about ${sure} have the condition (filled squares)` +
      (Number.isNaN(high) ? "." : `; the interval reaches from ${whole(low)} to ${most} (pale squares).`);
  el("icons-text").textContent = text;
}

function drawTables(result) {
  const here = result.here;
  const assessed = here.flags.map((flag, place) => ({ flag, place })).filter(({ place }) => state.findings[place]);
  const rows = assessed.map(({ flag, place }) => {
    const alone = state.findings[place] === 1 ? flag.lr_positive : flag.lr_negative;
    const factor = result.contributions ? read(result.contributions[place]) : NaN;
    return row([flag.label, STATES[state.findings[place]], { number: formatNumber(read(alone), 3) },
      { number: Number.isNaN(factor) ? "–" : formatNumber(factor, 3) }]);
  });
  if (!rows.length) rows.push(row(["Nothing assessed: the probability stays what it was.", "", "", ""]));
  el("contributions").tBodies[0].replaceChildren(...rows);
  el("evidence").tBodies[0].replaceChildren(...here.flags.map((flag) => row([
    flag.label, flag.study, { number: flag.n_cases ?? "not printed" }, { number: flag.n ?? "not printed" },
    { number: formatPercent(flag.sensitivity) }, { number: formatPercent(flag.specificity) }, flag.reported_in,
    flag.doi ? { href: "https://doi.org/" + flag.doi, text: flag.doi } : ""])));
}

function update() {
  const result = lookup();
  const point = after(result.lr), low = after(result.low), high = after(result.high);
  const model = DATA.models.find((one) => one.id === state.model);
  const range = `${formatPercent(low)} to ${formatPercent(high)}`;
  const output = el("posttest");
  if (result.refused) {
    output.textContent = "–";
    el("sentence").textContent = result.refused;
    el("ratio").textContent = "";
  } else {
    output.textContent = Number.isNaN(point) ? range : formatPercent(point);
    const what = Number.isNaN(point) ? "sharp bounds, no point estimate"
      : Number.isNaN(low) ? "no interval: the figures were printed without counts" : `95% interval ${range}`;
    el("sentence").textContent = `Post-test probability (${what}), from a pre-test probability of ${formatPercent(state.pretest)}.`;
    const ratio = Number.isNaN(result.lr) ? "" : formatNumber(result.lr, 3);
    const ends = Number.isNaN(result.low) ? "" : ` (${formatNumber(result.low, 3)} to ${formatNumber(result.high, 3)})`;
    el("ratio").textContent = `Combined likelihood ratio ${ratio}${ends}.`;
  }
  output.dataset.estimate = point; output.dataset.low = low; output.dataset.high = high;
  output.dataset.index = result.index;
  const warnings = [...result.here.warnings];
  if (!result.refused && low < 1e-6 && high > 1 - 1e-6) warnings.unshift("These findings together leave any probability possible.");
  el("warnings").replaceChildren(...warnings.map((text) => { const li = document.createElement("li"); li.textContent = text; return li; }));
  el("model-about").textContent = model.about;
  el("pretest-source").textContent = `Published for this setting: ${formatPercent(result.here.pretest)} (${result.here.pretest_source}).`;
  if (document.activeElement !== el("pretest")) el("pretest").value = formatNumber(100 * state.pretest, 3);
  el("pretest-slider").value = Math.log(odds(state.pretest));
  el("pretest-slider").setAttribute("aria-valuetext", formatPercent(state.pretest));
  drawNomogram(result); drawIcons(result); drawTables(result);
  const marks = state.findings.map((one) => "-pa"[one]).join("");
  const hash = new URLSearchParams({ target: state.target, setting: state.setting, pretest: String(state.pretest), model: state.model, findings: marks });
  history.replaceState(null, "", "#" + hash);
}

function chooseSetting(setting, keep) {
  const known = cases(state.target);
  state.setting = known.some((one) => one.setting === setting) ? setting : known[0].setting;
  el("setting").replaceChildren(...known.map((one) => option(one.setting, one.setting_label)));
  el("setting").value = state.setting;
  if (!keep) { state.pretest = current().pretest; state.findings = current().flags.map(() => 0); }
  if (!current().tables[state.model]) state.model = DATA.models[0].id;
  el("model").replaceChildren(...DATA.models.filter((one) => current().tables[one.id]).map((one) => option(one.id, one.label)));
  el("model").value = state.model;
  drawFlags();
}

function restore() {
  const given = new URLSearchParams(location.hash.slice(1));
  const target = given.get("target");
  state.target = DATA.cases.some((one) => one.target === target) ? target : DATA.cases[0].target;
  state.model = DATA.models.some((one) => one.id === given.get("model")) ? given.get("model") : DATA.models[0].id;
  el("target").value = state.target;
  chooseSetting(given.get("setting"), false);
  const pretest = Number(given.get("pretest"));
  if (pretest > 0 && pretest < 1) state.pretest = pretest;
  [...(given.get("findings") || "")].forEach((mark, place) => {
    if (place < state.findings.length) state.findings[place] = Math.max(0, "-pa".indexOf(mark));
  });
  drawFlags();
  update();
}

const targets = [...new Map(DATA.cases.map((one) => [one.target, one.target_label]))];
el("target").replaceChildren(...targets.map(([value, text]) => option(value, text)));
el("target").addEventListener("change", (event) => { state.target = event.target.value; chooseSetting("", false); update(); });
el("setting").addEventListener("change", (event) => { chooseSetting(event.target.value, false); update(); });
el("model").addEventListener("change", (event) => { state.model = event.target.value; update(); });
el("pretest-slider").addEventListener("input", (event) => { state.pretest = 1 / (1 + Math.exp(-event.target.value)); update(); });
el("pretest").addEventListener("change", (event) => {
  const value = Number(event.target.value.replace(",", ".").replace("%", "")) / 100;
  const valid = value > 0 && value < 1;
  event.target.setAttribute("aria-invalid", String(!valid));
  if (valid) { state.pretest = value; update(); } else el("shared").textContent = "The pre-test probability must lie between 0 and 100%.";
});
el("pretest-reset").addEventListener("click", () => { state.pretest = current().pretest; update(); });
el("clear").addEventListener("click", () => { state.findings = state.findings.map(() => 0); drawFlags(); update(); });
el("share").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(location.href); el("shared").textContent = "Copied."; }
  catch { el("shared").textContent = "Copy the address of this page: it holds the case."; }
});
el("controls").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", restore);
restore();
