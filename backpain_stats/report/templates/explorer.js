"use strict";
// The page looks up precomputed likelihood ratios and applies the odds. It computes no statistics.
const DATA = JSON.parse(document.getElementById("data").textContent);
const NOT_ASSESSED = 0,
  PRESENT = 1,
  ABSENT = 2;
const STATES = ["not assessed", "present", "absent"];
const PRETEST_RANGE = [1e-6, 1 - 1e-6];
// The case in hand: all that the page's address holds.
const state = { target: "", setting: "", pretest: null, model: "", findings: [] };

const el = (id) => document.getElementById(id);
const odds = (p) => p / (1 - p);
const logit = (p) => Math.log(odds(p));
const read = (value) => (value === "inf" ? Infinity : value === null ? NaN : value);
const allowed = (p) => p >= PRETEST_RANGE[0] && p <= PRETEST_RANGE[1];

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
// A number and its interval as a table cell; bounds have no number, certain figures no interval.
function estimate(value, low, high, format) {
  if (Number.isNaN(low) || low === high) return number(format(Number.isNaN(value) ? low : value));
  return Number.isNaN(value)
    ? number(span(low, high, format))
    : number(format(value), span(low, high, format));
}

// ---- Looking up --------------------------------------------------------------------------------

const casesOf = (target) => DATA.cases.filter((one) => one.target === target);
const current = () =>
  DATA.cases.find((one) => one.target === state.target && one.setting === state.setting);
const modelOf = (id) => DATA.models.find((one) => one.id === id);
// A pattern is a number in base 3: one digit a flag, in the order of the flags.
const indexOf = (findings) => findings.reduce((sum, digit, place) => sum + digit * 3 ** place, 0);

function after(ratio) {
  if (state.pretest === null || Number.isNaN(ratio)) return NaN;
  const result = odds(state.pretest) * ratio;
  return result === Infinity ? 1 : result / (1 + result);
}
function lookup(model, findings) {
  const here = current(),
    table = here.tables[model],
    index = indexOf(findings);
  const [lr, low, high] = [table.lr, table.low, table.high].map((list) => read(list[index]));
  return {
    index,
    lr,
    low,
    high,
    refused:
      index in here.refused
        ? here.reasons[here.refused[index]]
        : table.impossible.includes(index)
          ? DATA.impossible
          : "",
    factors: table.factors ? table.factors[index].map(read) : null,
    point: after(lr),
    from: after(low),
    to: after(high),
  };
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
const number = (text, interval = "") =>
  make(
    "td",
    { class: "number" },
    text,
    ...(interval ? [" ", make("span", { class: "interval" }, `(${interval})`)] : []),
  );
const cell = (...children) => make("td", {}, ...children);
const row = (heading, ...cells) => make("tr", {}, make("th", { scope: "row" }, heading), ...cells);
const items = (texts) => texts.map((text) => make("li", {}, text));

// ---- The controls ------------------------------------------------------------------------------

function drawFlags() {
  el("flags").replaceChildren(
    ...current().flags.map((flag, place) =>
      make(
        "fieldset",
        {},
        make("legend", {}, flag.label),
        make(
          "div",
          { class: "choices" },
          ...STATES.map((text, digit) => {
            const input = make("input", { type: "radio", name: `flag-${flag.id}`, value: digit });
            input.checked = state.findings[place] === digit;
            input.addEventListener("change", () => {
              state.findings[place] = digit;
              changed();
            });
            return make("label", {}, input, text);
          }),
        ),
      ),
    ),
  );
}
function drawControls() {
  const here = current();
  el("target").value = state.target;
  el("setting").replaceChildren(
    ...options(casesOf(state.target).map((one) => [one.setting, one.setting_label])),
  );
  el("setting").value = state.setting;
  el("model").replaceChildren(
    ...options(
      DATA.models.filter((one) => one.id in here.tables).map((one) => [one.id, one.label]),
    ),
  );
  el("model").value = state.model;
  el("pretest-source").textContent =
    here.pretest === null
      ? here.pretest_source
      : `Published for this setting: ${formatPercent(here.pretest)}. ${here.pretest_source}`;
  el("pretest-reset").parentElement.hidden = here.pretest === null;
  el("left-out").hidden = !here.left_out.length;
  el("left-out").firstElementChild.textContent =
    `Reported but not offered: ${here.left_out.length}`;
  el("left-out").lastElementChild.replaceChildren(
    ...items(here.left_out.map((one) => `${one.label}: ${one.reason}`)),
  );
  drawFlags();
  showPretest();
}
// The field shows the pre-test in use; called only when the reader has nothing half-typed there.
function showPretest() {
  el("pretest").value = state.pretest === null ? "" : formatNumber(100 * state.pretest);
  complain("");
}
function complain(text) {
  el("pretest").setAttribute("aria-invalid", String(text !== ""));
  el("pretest-error").textContent = text;
}
function typed(text) {
  const value = /^(\d+[.,]?\d*|[.,]\d+)\s*%?$/.test(text.trim())
    ? parseFloat(text.trim().replace(",", ".")) / 100
    : NaN;
  if (allowed(value)) {
    complain("");
    state.pretest = value;
    changed();
    return;
  }
  const kept =
    state.pretest === null ? "" : ` The result still uses ${formatPercent(state.pretest)}.`;
  complain(`Give a percentage between 0.0001 and 99.9999, such as 0.5.${kept}`);
}
function slid(position) {
  const p = 1 / (1 + Math.exp(-position));
  // Three digits, counted from the nearer end.
  state.pretest =
    p < 0.5
      ? Number(p.toPrecision(3))
      : Number((1 - Number((1 - p).toPrecision(3))).toPrecision(12));
  showPretest();
  changed();
}

// ---- The result --------------------------------------------------------------------------------

function drawSummary(result) {
  const assessed = state.findings.some((digit) => digit !== NOT_ASSESSED);
  const range = span(result.from, result.to, formatPercent);
  const before =
    state.pretest === null
      ? ""
      : `, from a pre-test probability of ${formatPercent(state.pretest)}`;
  const ratios = span(result.low, result.high, formatNumber);
  const bounds = Number.isNaN(result.lr),
    exact = result.low === result.high;
  let big = bounds ? range : formatPercent(result.point);
  let sentence = `Post-test probability (95% interval ${range})${before}.`;
  let ratio = `Combined likelihood ratio ${formatNumber(result.lr)} (95% interval ${ratios}).`;
  if (bounds) {
    sentence = `Sharp bounds of the post-test probability${before}: no point estimate, and no sampling error in them.`;
    ratio = `Combined likelihood ratio from ${ratios}.`;
  } else if (Number.isNaN(result.low) || exact) {
    sentence = `Post-test probability${before}. No interval: the figures were printed without counts.`;
    ratio = `Combined likelihood ratio ${formatNumber(result.lr)}.`;
  }
  if (result.refused) {
    [big, sentence, ratio] = ["–", `No result: ${result.refused}`, ""];
  } else if (state.pretest === null) {
    [big, sentence] = ["–", "Set a pre-test probability: none was published for this setting."];
  } else if (!assessed) {
    [big, sentence, ratio] = [
      formatPercent(state.pretest),
      "Nothing is assessed: this is the pre-test probability.",
      "",
    ];
  }
  el("posttest").textContent = big;
  el("sentence").textContent = sentence;
  el("ratio").textContent = ratio;
  Object.assign(el("posttest").dataset, {
    estimate: result.point,
    low: result.from,
    high: result.to,
    index: result.index,
  });
  el("bar").textContent =
    state.pretest === null
      ? "Set a pre-test probability"
      : `${formatPercent(state.pretest)} → ${big}`;
}

function drawWarnings(result) {
  const here = current(),
    model = modelOf(state.model),
    bounds = lookup("bounds", state.findings);
  const assessed = here.flags.filter((_flag, place) => state.findings[place] !== NOT_ASSESSED);
  const texts = [];
  if (!result.refused && bounds.low < 1e-6 && bounds.high > 1e6) {
    texts.push(
      "Without an assumption about how these findings occur together, the published figures allow any probability from 0 to 100%.",
    );
  }
  if (state.pretest !== null && state.pretest === here.pretest && here.pretest_warning) {
    texts.push(`The pre-test probability: ${here.pretest_warning}`);
  }
  if (assessed.length > 1 && model.caution && !result.refused) texts.push(model.caution);
  if (result.lr === Infinity || result.lr === 0) {
    texts.push(
      `A ratio of ${formatNumber(result.lr)} only says that none of the few ${result.lr ? "patients without the condition" : "cases"} had these results. That is no certainty: look at the interval.`,
    );
  }
  const counts = assessed.map((flag) => flag.n_cases).filter((count) => count !== null);
  if (counts.length)
    texts.push(`The sensitivities used rest on as few as ${Math.min(...counts)} cases.`);
  if (assessed.length && model.uses_combinations) texts.push(...here.combinations);
  for (const flag of assessed) texts.push(...flag.notes.map((note) => `${flag.label}: ${note}`));
  el("warnings").replaceChildren(...items(texts));
  el("model-about").textContent =
    `Assumes: ${model.about}.` +
    ("maximum_entropy" in here.tables
      ? ""
      : " No result of several of these flags together was published, so maximum entropy would be the same as independence.");
}

function drawNomogram(result) {
  const top = 40,
    bottom = 480,
    limit = logit(0.9999),
    [left, middle, right] = [56, 160, 264];
  const y = (value) => bottom - ((value + limit) / (2 * limit)) * (bottom - top);
  const parts = [svg("clipPath", { id: "inside" })],
    labels = [];
  parts[0].append(svg("rect", { x: 0, y: top, width: 320, height: bottom - top }));
  const axis = (x, heading) => {
    parts.push(svg("line", { class: "axis", x1: x, x2: x, y1: top, y2: bottom }));
    for (const [place, text] of heading.entries()) {
      labels.push(
        svg("text", { class: "heading", x, y: 13 + 12 * place, "text-anchor": "middle" }, text),
      );
    }
  };
  const tick = (x, at, text, side) => {
    parts.push(svg("line", { class: "tick", x1: x - 3, x2: x + 3, y1: at, y2: at }));
    labels.push(
      svg(
        "text",
        { x: x + 7 * side, y: at + 3.7, "text-anchor": side < 0 ? "end" : "start" },
        text,
      ),
    );
  };
  axis(left, ["pre-test", "%"]);
  axis(middle, ["likelihood", "ratio"]);
  axis(right, ["post-test", "%"]);
  [
    0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9,
    99.97, 99.99,
  ].forEach((percent) => {
    tick(left, y(-logit(percent / 100)), percent, -1);
    tick(right, y(logit(percent / 100)), percent, 1);
  });
  // On this axis a unit is half as long: a tick lies midway on the line it belongs to.
  for (const ratio of [3000, 1000, 300, 100, 30, 10, 3, 1])
    tick(middle, y(Math.log(ratio) / 2), ratio, 1);
  for (const ratio of [0.3, 0.1, 0.03, 0.01, 0.003, 0.001])
    tick(middle, y(Math.log(ratio) / 2), ratio, 1);
  let caption = result.refused
    ? "Fagan nomogram: these findings have no line."
    : "Fagan nomogram: set a pre-test probability to draw the line.";
  if (state.pretest !== null && !result.refused) {
    const start = y(-logit(state.pretest)),
      far = 40 * limit;
    // Ratios of 0 and infinity lie beyond any scale; lines that leave the scale are cut at its edge.
    const end = (ratio) => y(Math.max(-far, Math.min(far, logit(state.pretest) + Math.log(ratio))));
    const inside = (at) => Math.max(top, Math.min(bottom, at));
    const lines = [];
    if (!Number.isNaN(result.low)) {
      lines.push(
        svg("polygon", {
          class: "band",
          points: `${left},${start} ${right},${end(result.low)} ${right},${end(result.high)}`,
        }),
      );
    }
    if (result.lr > 0 && result.lr < Infinity) {
      lines.push(
        svg("line", { class: "line", x1: left, y1: start, x2: right, y2: end(result.lr) }),
      );
    }
    const drawn = svg("g", { "clip-path": "url(#inside)" });
    drawn.append(...lines);
    parts.push(drawn, svg("circle", { class: "end", cx: left, cy: inside(start), r: 4 }));
    if (!Number.isNaN(result.lr))
      parts.push(svg("circle", { class: "end", cx: right, cy: inside(end(result.lr)), r: 4 }));
    const whole = result.lr === Infinity || result.lr === 0;
    caption =
      (Number.isNaN(result.lr)
        ? "Fagan nomogram: the band holds every line that fits the published figures."
        : whole
          ? `Fagan nomogram: a ratio of ${formatNumber(result.lr)} lies beyond its scale, so there is no line; the band is the 95% interval.`
          : "Fagan nomogram: a line from the pre-test probability through the combined likelihood ratio ends at the post-test probability; the band is the 95% interval.") +
      " Beyond 0.01% and 99.99% it is cut.";
  }
  el("nomogram").replaceChildren(...parts, ...labels);
  el("nomogram-text").textContent = caption;
}

const squares = Array.from({ length: 1000 }, (_, i) =>
  svg("rect", { x: (i % 40) * 10 + 1.5, y: Math.floor(i / 40) * 10 + 1.5, width: 7, height: 7 }),
);
function drawIcons(result) {
  const silent = state.pretest === null || result.refused !== "";
  el("icons").parentElement.hidden = silent;
  if (silent) return;
  const count = (p) => (Number.isNaN(p) ? 0 : Math.round(1000 * p));
  const words = (p) =>
    p === 1
      ? "all"
      : p >= 0.9995
        ? "more than 999"
        : p > 0 && p < 0.0005
          ? "fewer than 1"
          : String(count(p));
  const bounds = Number.isNaN(result.point);
  const sure = count(bounds ? result.from : result.point),
    most = Math.max(sure, count(result.to));
  squares.forEach((one, i) => {
    const kind = i < sure ? "sick" : i < most ? "unsure" : "well";
    one.setAttribute("class", kind);
    one.setAttribute("rx", kind === "well" ? 3.5 : 1);
  });
  const range = span(result.from, result.to, words);
  el("icons-text").textContent = bounds
    ? `Of 1,000 such patients ${range} have the condition (pale squares: undecided); the figures do not say more.`
    : `Of 1,000 such patients ${words(result.point)} have the condition (filled squares)` +
      (Number.isNaN(result.to)
        ? "."
        : `; the interval reaches from ${range} (pale squares: up to its upper end).`);
}

function drawContributions(result) {
  const here = current();
  const groups = here.findings
    .map((group) => group.filter((place) => state.findings[place] !== NOT_ASSESSED))
    .filter((group) => group.length);
  const order = state.findings
    .map((_digit, place) => place)
    .filter((place) => state.findings[place] !== NOT_ASSESSED);
  const rows = groups.map((group) => {
    const alone = lookup(
      state.model,
      state.findings.map((digit, place) => (group.includes(place) ? digit : NOT_ASSESSED)),
    );
    // Thresholds of one quantity share one contribution; it stands at the first.
    const factor =
      result.factors && !result.refused ? result.factors[order.indexOf(group[0])] : NaN;
    const effect = make("span", { class: factor > 1 ? "effect up" : "effect down" });
    // The scale ends at a factor of 30 either way.
    effect.style.setProperty(
      "--size",
      Number.isNaN(factor) ? 0 : Math.min(1, Math.abs(Math.log(factor)) / Math.log(30)),
    );
    return row(
      group
        .map((place) => `${here.flags[place].label}: ${STATES[state.findings[place]]}`)
        .join(", "),
      estimate(alone.lr, alone.low, alone.high, formatNumber),
      number(Number.isNaN(factor) ? "–" : formatNumber(factor)),
      make("td", { class: "scale" }, effect),
    );
  });
  el("contributions").tBodies[0].replaceChildren(
    ...(rows.length ? rows : [row("Nothing assessed", number("–"), number("–"), cell())]),
  );
}

function drawModels() {
  const rows = DATA.models
    .filter((one) => one.id in current().tables)
    .map((model) => {
      const result = lookup(model.id, state.findings);
      const silent = result.refused || state.pretest === null;
      const one = row(
        model.label,
        result.refused ? number("–") : estimate(result.lr, result.low, result.high, formatNumber),
        silent ? number("–") : estimate(result.point, result.from, result.to, formatPercent),
      );
      if (model.id === state.model) one.setAttribute("aria-current", "true");
      return one;
    });
  el("models").tBodies[0].replaceChildren(...rows);
}

function drawEvidence() {
  const count = (value) => number(value === null ? "not printed" : value.toLocaleString("en"));
  const sources = [
    ...new Map(
      current()
        .flags.flatMap((flag) => flag.sources)
        .map((one) => [JSON.stringify(one), one]),
    ).values(),
  ];
  const place = (source) =>
    sources.findIndex((one) => JSON.stringify(one) === JSON.stringify(source)) + 1;
  el("evidence").tBodies[0].replaceChildren(
    ...current().flags.map((flag) =>
      row(
        flag.label,
        count(flag.n_cases),
        count(flag.n),
        number(formatPercent(flag.sensitivity)),
        number(formatPercent(flag.specificity)),
        number(flag.sources.map(place).join(", ")),
      ),
    ),
  );
  el("sources").replaceChildren(
    ...sources.map((one) => {
      const item = make(
        "li",
        {},
        one.read_in === one.study ? one.study : `${one.study}, read in: ${one.read_in}`,
      );
      if (one.doi)
        item.append(": ", make("a", { href: `https://doi.org/${one.doi}` }, `doi.org/${one.doi}`));
      return item;
    }),
  );
}

function draw() {
  const result = lookup(state.model, state.findings);
  drawSummary(result);
  drawWarnings(result);
  drawNomogram(result);
  drawIcons(result);
  drawContributions(result);
  drawModels();
  if (document.activeElement !== el("pretest-slider"))
    el("pretest-slider").value = state.pretest === null ? 0 : logit(state.pretest);
  el("pretest-slider").setAttribute(
    "aria-valuetext",
    state.pretest === null ? "not set" : formatPercent(state.pretest),
  );
}

// ---- The address of the page holds the case ----------------------------------------------------

const named = (digit) =>
  current()
    .flags.filter((_flag, place) => state.findings[place] === digit)
    .map((flag) => flag.id)
    .join(",");
function address() {
  const parts = { target: state.target, setting: state.setting, model: state.model };
  if (state.pretest !== null) parts.pretest = String(state.pretest);
  if (named(PRESENT)) parts.present = named(PRESENT);
  if (named(ABSENT)) parts.absent = named(ABSENT);
  return `#${new URLSearchParams(parts).toString().replaceAll("%2C", ",")}`;
}
function changed() {
  el("notice").textContent = "";
  el("shared").textContent = "";
  history.replaceState(null, "", address());
  draw();
}
function chooseCase(target, setting) {
  const known = casesOf(target);
  state.target = target;
  state.setting = known.some((one) => one.setting === setting) ? setting : known[0].setting;
  state.pretest = current().pretest;
  if (!(state.model in current().tables)) state.model = DATA.models[0].id;
}
// Findings stay where the new setting offers the same flag.
function moveTo(target, setting) {
  const before = current().flags.map((flag, place) => [flag.id, state.findings[place]]);
  chooseCase(target, setting);
  state.findings = current().flags.map(
    (flag) => (before.find(([id]) => id === flag.id) || [])[1] || NOT_ASSESSED,
  );
  drawControls();
  drawEvidence();
  changed();
}
function restore() {
  // An address without "=" is a place on the page, not a case.
  const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const strange = [];
  const known = (name, list, otherwise) => {
    const value = given.get(name);
    if (list.includes(value)) return value;
    if (value !== null) strange.push(`${name} “${value}”`);
    return otherwise;
  };
  const target = known(
    "target",
    DATA.cases.map((one) => one.target),
    DATA.cases[0].target,
  );
  const settings = casesOf(target).map((one) => one.setting);
  state.model = DATA.models[0].id;
  chooseCase(target, known("setting", settings, settings[0]));
  state.model = known("model", Object.keys(current().tables), DATA.models[0].id);
  if (given.has("pretest")) {
    const value = given.get("pretest").trim() === "" ? NaN : Number(given.get("pretest"));
    if (allowed(value)) state.pretest = value;
    else strange.push(`pre-test “${given.get("pretest")}”`);
  }
  state.findings = current().flags.map(() => NOT_ASSESSED);
  for (const [name, digit] of [
    ["present", PRESENT],
    ["absent", ABSENT],
  ]) {
    for (const id of (given.get(name) || "").split(",").filter(Boolean)) {
      const place = current().flags.findIndex((flag) => flag.id === id);
      if (place < 0 || state.findings[place] !== NOT_ASSESSED) strange.push(`finding “${id}”`);
      else state.findings[place] = digit;
    }
  }
  drawControls();
  drawEvidence();
  draw();
  el("notice").textContent = strange.length
    ? `The link was not understood in full and is shown without: ${strange.join(", ")}.`
    : "";
}

el("target").replaceChildren(
  ...options([...new Map(DATA.cases.map((one) => [one.target, one.target_label]))]),
);
el("icons").replaceChildren(...squares);
el("target").addEventListener("change", (event) => moveTo(event.target.value, state.setting));
el("setting").addEventListener("change", (event) => moveTo(state.target, event.target.value));
el("model").addEventListener("change", (event) => {
  state.model = event.target.value;
  changed();
});
el("pretest-slider").addEventListener("input", (event) => slid(Number(event.target.value)));
el("pretest").addEventListener("input", (event) => typed(event.target.value));
el("pretest-reset").addEventListener("click", () => {
  state.pretest = current().pretest;
  showPretest();
  changed();
});
el("clear").addEventListener("click", () => {
  state.findings.fill(NOT_ASSESSED);
  drawFlags();
  changed();
});
el("share").addEventListener("click", async () => {
  history.replaceState(null, "", address());
  try {
    await navigator.clipboard.writeText(location.href);
    el("shared").textContent = "Copied.";
  } catch {
    el("shared").textContent = "Copy the address of this page: it holds the case.";
  }
});
el("controls").addEventListener("submit", (event) => event.preventDefault());
// The address belongs to the case, so the skip link moves the focus and leaves it alone.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  el("result").focus();
});
window.addEventListener("hashchange", restore);
restore();
