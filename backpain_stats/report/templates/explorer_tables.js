// The tables: what each finding adds or would add, other assumptions, two patients, the evidence.

// ---- Findings: a row each, assessed or not, so that nothing moves ------------------------------

function effect(factor) {
  const bar = make("span", { class: factor > 1 ? "effect up" : "effect down" });
  // The scale ends at a factor of 30 either way.
  const size = Number.isNaN(factor) ? 0 : Math.abs(Math.log(factor)) / Math.log(30);
  bar.style.setProperty("--size", Math.min(1, size));
  return make("td", { class: "scale" }, bar);
}
function alone(part) {
  const [low, middle, high] = summary(part.log).map(Math.exp);
  return Math.log(high / low) > 1e-12
    ? figure(formatNumber(middle), span(low, high, formatNumber))
    : figure(formatNumber(middle));
}
const mostLearned = (question) => `Most would be learned from: ${question}.`;
const NOTHING_LEFT = "Nothing is left to ask, or nothing can be said.";
const WITH_ABOVE = "with the one above";
const ownAdds = (ratio, factor) =>
  `Your own finding by itself: ${ratio}; beside the others it multiplies the odds by ${factor}.`;
// What would follow if a flag were asked; without a result, as wide as that may be.
function ifAskedText(flag, next, wide) {
  const [change, present, absent] = next
    ? [formatNumber(100 * next.change, 2), formatPercent(next.present), formatPercent(next.absent)]
    : [wide.number, wide.percent, wide.percent];
  return figure(`${change} points`, `${flag.present} ${present}, ${flag.absent} ${absent}`);
}
// A finding with its answer, in a cell as high as its longest answer.
function findingCell(flag, digit) {
  const said = (one) => [`${flag.question}: `, make("em", {}, answer(flag, one)[1])];
  const others = [NOT_ASSESSED, PRESENT, ABSENT].filter((one) => one !== digit).map(said);
  return held(make("th", { scope: "row" }, ...said(digit)), ...others);
}
function drawFindings(patient, after) {
  const here = caseOf(patient),
    wide = widest(patient),
    factors = after.refused ? after.parts.map(() => NaN) : shares(patient, after.parts),
    asked = here.flags.map((_flag, place) =>
      after.known && !after.refused && patient.findings[place] === NOT_ASSESSED
        ? ifAsked(patient, place, after)
        : null,
    ),
    best = Math.max(...asked.map((one) => one?.change ?? -1));
  const rows = here.flags.map((flag, place) => {
    const digit = patient.findings[place],
      at = after.parts.findIndex((part) => part.chain?.includes(place)),
      next = asked[place];
    // Thresholds of one quantity share one contribution; it stands at the first.
    const first =
      digit !== NOT_ASSESSED &&
      after.parts[at].chain.find((one) => patient.findings[one] !== NOT_ASSESSED) === place;
    const ratio = first ? alone(after.parts[at]) : [digit === NOT_ASSESSED ? "–" : WITH_ABOVE];
    const last = digit !== NOT_ASSESSED ? ["asked"] : next ? ifAskedText(flag, next, wide) : ["–"];
    const one = make(
      "tr",
      {},
      findingCell(flag, digit),
      held(make("td", { class: "number" }, ...ratio), figure(wide.number, wide.numbers), [
        WITH_ABOVE,
      ]),
      number(first ? factorText(factors[at]) : "–"),
      effect(first ? factors[at] : NaN),
      held(make("td", { class: "number" }, ...last), ifAskedText(flag, null, wide)),
    );
    if (next && next.change === best) one.setAttribute("class", "best");
    return one;
  });
  el("contributions").tBodies[0].replaceChildren(...rows);
  const own = patient.own && make("p", {}, ...alone(after.parts.at(-1))).textContent;
  el("own-adds").textContent = patient.own ? ownAdds(own, factorText(factors.at(-1))) : "";
  const winner = here.flags[asked.findIndex((one) => one && one.change === best)];
  el("next").textContent = winner ? mostLearned(winner.question) : NOTHING_LEFT;
}
const factorText = (factor) => (Number.isNaN(factor) ? "–" : formatNumber(factor));

// ---- The same findings under each assumption ---------------------------------------------------

function drawModels(patient, after) {
  const here = caseOf(patient),
    silent = !after.known || after.refused !== "";
  // Bounds have no estimate; what was not counted has no interval.
  const ends = (low, middle, high) => {
    if (Number.isNaN(middle)) return [range(low, high)];
    const known = after.certain || Number.isNaN(low);
    return figure(formatPercent(middle), known ? "" : range(low, high));
  };
  const both = (model) => {
    if (silent) return [["–"], ["–"]];
    if (!(model.id in here.tables)) {
      const risk = riskOf({ ...patient, dependence: model.id === "shrunken" ? null : 0 });
      return [ends(...risk.average), [after.certain ? "–" : range(risk.new[0], risk.new[2])]];
    }
    if (patient.own) return [["without your own finding"], ["–"]];
    const [middle, low, high, newLow, newHigh] = lookup(patient, model.id);
    return [ends(low, middle, high), Number.isNaN(newLow) ? ["–"] : [range(newLow, newHigh)]];
  };
  const { percent, range: widestRange } = widest(patient);
  const wide = [figure(percent, widestRange), [widestRange]];
  const rows = DATA.models
    .filter((one) => ["shrunken", "independent"].includes(one.id) || one.id in here.tables)
    .map((model) => {
      const cells = both(model).map((parts, place) =>
        held(make("td", { class: "number" }, ...parts), wide[place]),
      );
      return row(model.label, ...cells);
    });
  el("models").tBodies[0].replaceChildren(...rows);
}

// ---- Two patients side by side -----------------------------------------------------------------

function describe(patient) {
  const here = caseOf(patient);
  const said = here.flags
    .map((flag, place) => [flag, patient.findings[place]])
    .filter(([, digit]) => digit !== NOT_ASSESSED)
    .map(([flag, digit]) => answer(flag, digit).join(": "));
  if (patient.own) said.push("a finding of your own");
  return said.join("; ") || "nothing asked";
}
function drawPair(patient, after) {
  el("pair-table").hidden = !patient.kept;
  el("forget").hidden = !patient.kept;
  if (!patient.kept) return;
  const kept = riskOf(patient.kept),
    both = [
      [patient.kept, kept],
      [patient, after],
    ];
  const silent = (risk) => !risk.known || risk.refused,
    wide = widest(patient);
  // The patient in hand changes: its cells have room for what they may become.
  const line = (heading, write, ...longest) =>
    row(
      heading,
      ...both.map(([one, risk]) => held(cell(write(one, risk)), ...longest.map((text) => [text]))),
    );
  const findings = [PRESENT, ABSENT].map((digit) =>
    describe({ ...patient, findings: patient.findings.map(() => digit) }),
  );
  el("pair-table").tBodies[0].replaceChildren(
    line(
      "Condition, setting",
      (one) => `${caseOf(one).target_label}, ${caseOf(one).setting_label}`,
    ),
    line("Findings", describe, ...findings),
    line("Pre-test probability", (one) => {
      const risk = beforeAsking(one);
      return risk.known ? formatPercent(risk.average[1]) : "not set";
    }),
    line(
      "Average practice",
      (_one, risk) =>
        silent(risk)
          ? "–"
          : `${formatPercent(risk.average[1])} (${range(risk.average[0], risk.average[2])})`,
      `${wide.percent} (${wide.range})`,
    ),
    line(
      "New practice",
      (_one, risk) => (silent(risk) ? "–" : range(risk.new[0], risk.new[2])),
      wide.range,
    ),
    line(
      "As many as",
      (_one, risk) => (silent(risk) ? "–" : frequency(risk.average[1])),
      wide.frequency,
    ),
  );
}

// ---- The evidence ------------------------------------------------------------------------------

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
