// The pictures: where the probability lies, the icon array, the frequency tree, the nomogram.
// Each keeps its place and size whatever the findings are.

// ---- Bands on a log-odds scale -----------------------------------------------------------------

const SCALE = [logit(0.00001), logit(0.999)];
const along = (p) =>
  `${(100 * (Math.min(SCALE[1], Math.max(SCALE[0], logit(p))) - SCALE[0])) / (SCALE[1] - SCALE[0])}%`;
const BANDS = [
  ["before", "average", "before, average practice"],
  ["before", "new", "before, new practice"],
  ["after", "average", "after, average practice"],
  ["after", "new", "after, new practice"],
];
function drawBands(patient, before, after) {
  const tracks = BANDS.map(([when, face, label]) => {
    const risk = when === "before" ? before : after,
      shown = risk.known && !risk.refused,
      [low, middle, high] = risk[face],
      track = make("div", { class: `track ${when} ${face}` });
    if (shown) {
      const band = make("span", { class: "band" }),
        dot = make("span", { class: "dot" });
      band.style.left = along(low);
      band.style.right = `calc(100% - ${along(high)})`;
      dot.style.left = along(middle);
      track.append(band, dot);
    }
    if (patient.threshold !== null) {
      const line = make("span", { class: "threshold" });
      line.style.left = along(patient.threshold);
      track.append(line);
    }
    return make("div", { class: "row" }, make("span", { class: "label" }, label), track);
  });
  const ticks = [0.00001, 0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99].map((p) => {
    const tick = make("span", {}, `${100 * p}%`.replace(/(\.\d*?[1-9])0{6,}\d*/, "$1"));
    tick.style.left = along(p);
    return tick;
  });
  const axis = make("div", { class: "row axis" }, make("span", { class: "label" }));
  axis.append(make("div", { class: "track ticks" }, ...ticks));
  el("bands").replaceChildren(...tracks, axis);
  const said = after.known && !after.refused;
  el("bands").setAttribute(
    "aria-label",
    said
      ? `Before: ${range(before.average[0], before.average[2])} in an average practice, ${range(before.new[0], before.new[2])} in a new one. After: ${range(after.average[0], after.average[2])} and ${range(after.new[0], after.new[2])}.`
      : "No probability to show.",
  );
}
// The threshold and what it does: what it trades, and how much of what is plausible lies above.
function drawThreshold(patient, after) {
  const threshold = patient.threshold;
  let text = "Set a threshold to see on which side of it this patient lies.";
  if (threshold !== null) {
    const traded = (1 - threshold) / threshold;
    text = `At ${formatPercent(threshold)} you accept ${formatNumber(traded, 2)} without the condition for each with it.`;
    if (after.known && !after.refused) {
      const cut = logit(threshold);
      const share = (odds) => odds.reduce((sum, one) => sum + (one > cut), 0) / odds.length;
      const words = (part) =>
        part < 0.005 ? "under 1%" : part > 0.995 ? "over 99%" : `${Math.round(100 * part)}%`;
      text +=
        ` The estimate lies ${after.average[1] > threshold ? "above: you would act" : "below: you would wait"}.` +
        ` Of all that is plausible, ${words(share(after.average_odds))} lies above it in an average practice, ${words(share(after.new_odds))} in a new one.`;
    }
  }
  el("threshold-text").textContent = text;
}

// ---- Icon array and frequency tree -------------------------------------------------------------

const squares = Array.from({ length: 1000 }, (_, i) =>
  svg("rect", { x: (i % 40) * 10 + 1.5, y: Math.floor(i / 40) * 10 + 1.5, width: 7, height: 7 }),
);
function drawIcons(after) {
  const silent = !after.known || after.refused !== "";
  el("icons").style.visibility = silent ? "hidden" : "visible";
  const [low, middle, high] = after.average;
  // Finite data show neither none nor all.
  const count = (p) => Math.min(999, Math.max(1, Math.round(1000 * p)));
  const sure = count(middle),
    most = Math.max(sure, count(high));
  squares.forEach((one, i) => {
    const kind = silent ? "well" : i < sure ? "sick" : i < most ? "unsure" : "well";
    one.setAttribute("class", kind);
    one.setAttribute("rx", kind === "well" ? 3.5 : 1);
  });
  el("icons-text").textContent = silent
    ? "No picture without a probability."
    : iconsText(frequency(middle), frequency(low), frequency(high), middle < 0.0005);
}
const iconsText = (middle, low, high, rounded) =>
  `${middle} such patients have the condition (filled). Pale: up to ${high}, the upper end in an average practice (lower end ${low}).${rounded ? " One square is already more than that." : ""}`;
const treeText = (flag) =>
  `One finding by itself, the one last marked: ${answer(flag, PRESENT).join(": ")}. Several findings have no tree: how often they occur together was not printed.`;
function drawTree(patient, before) {
  const here = caseOf(patient),
    flag = here.flags[patient.focus] ?? here.flags[0],
    prior = before.average[1],
    silent = !before.known;
  el("tree").style.visibility = silent ? "hidden" : "visible";
  el("tree-text").textContent = "No tree without a pre-test probability.";
  if (silent) return;
  const of = prior >= 0.01 ? 1000 : prior >= 0.001 ? 10000 : 100000;
  const sick = of * prior,
    found = sick * flag.sensitivity,
    alarmed = (of - sick) * (1 - flag.specificity);
  const shown = (count) => (count < 0.5 ? "under 1" : Math.round(count).toLocaleString("en"));
  const boxes = [
    [200, 22, shown(of), "patients", ""],
    [100, 92, shown(sick), "with it", "ill"],
    [300, 92, shown(of - sick), "without it", ""],
    [50, 162, shown(found), "found", "ill"],
    [150, 162, shown(sick - found), "not found", "ill"],
    [250, 162, shown(alarmed), "found", ""],
    [350, 162, shown(of - sick - alarmed), "not found", ""],
  ];
  const parts = [];
  for (const [from, to] of [
    [0, 1],
    [0, 2],
    [1, 3],
    [1, 4],
    [2, 5],
    [2, 6],
  ]) {
    const [x1, y1] = boxes[from],
      [x2, y2] = boxes[to];
    parts.push(svg("line", { class: "branch", x1, y1: y1 + 20, x2, y2: y2 - 20 }));
  }
  for (const [x, y, count, words, kind] of boxes) {
    parts.push(
      svg("rect", { class: `leaf ${kind}`, x: x - 46, y: y - 20, width: 92, height: 40, rx: 5 }),
    );
    parts.push(svg("text", { class: "count", x, y: y - 2, "text-anchor": "middle" }, count));
    parts.push(svg("text", { class: "words", x, y: y + 14, "text-anchor": "middle" }, words));
  }
  const both = found + alarmed;
  parts.push(
    svg(
      "text",
      { class: "count", x: 200, y: 214, "text-anchor": "middle" },
      `of ${shown(both)} with the finding, ${shown(found)} have the condition`,
    ),
  );
  el("tree").replaceChildren(...parts);
  el("tree-text").textContent = treeText(flag);
}

// ---- Fagan nomogram ----------------------------------------------------------------------------

const NOMOGRAM = {
  refused: "Fagan nomogram: these findings have no line.",
  unset: "Fagan nomogram: set a pre-test probability to draw the line.",
  line: "Fagan nomogram: a line from the pre-test probability through the combined likelihood ratio ends at the post-test probability. The band is the 95% interval of the ratio. Beyond 0.01% and 99.99% it is cut.",
};
function drawNomogram(before, after) {
  const prior = before.average[1],
    [low, ratio, high] = after.average_ratio;
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
  let caption = after.refused ? NOMOGRAM.refused : NOMOGRAM.unset;
  if (after.known && !after.refused) {
    const start = y(-logit(prior)),
      end = (one) => y(logit(prior) + Math.log(one)),
      inside = (at) => Math.max(top, Math.min(bottom, at));
    const drawn = svg("g", { "clip-path": "url(#inside)" });
    drawn.append(
      svg("polygon", {
        class: "band",
        points: `${left},${start} ${right},${end(low)} ${right},${end(high)}`,
      }),
      svg("line", { class: "line", x1: left, y1: start, x2: right, y2: end(ratio) }),
    );
    parts.push(drawn, svg("circle", { class: "end", cx: left, cy: inside(start), r: 4 }));
    parts.push(svg("circle", { class: "end", cx: right, cy: inside(end(ratio)), r: 4 }));
    caption = NOMOGRAM.line;
  }
  el("nomogram").replaceChildren(...parts, ...labels);
  el("nomogram-text").textContent = caption;
}
