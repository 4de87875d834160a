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
    ? number(formatNumber(middle), span(low, high, formatNumber))
    : number(formatNumber(middle));
}
function drawFindings(patient, after) {
  const here = caseOf(patient),
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
    const heading = make("th", { scope: "row" }, flag.question);
    heading.append(": ", make("em", {}, answer(flag, digit)[1]));
    if (digit !== NOT_ASSESSED) {
      const first = after.parts[at].chain.find((one) => patient.findings[one] !== NOT_ASSESSED);
      // Thresholds of one quantity share one contribution; it stands at the first.
      const cells =
        first === place
          ? [alone(after.parts[at]), number(factorText(factors[at])), effect(factors[at])]
          : [number("with the one above"), number("–"), make("td", { class: "scale" })];
      return make("tr", {}, heading, ...cells, number("asked"));
    }
    const change = next
      ? number(
          `${formatNumber(100 * next.change, 2)} points`,
          `${flag.present} ${formatPercent(next.present)}, ${flag.absent} ${formatPercent(next.absent)}`,
        )
      : number("–");
    const one = make("tr", {}, heading, number("–"), number("–"), effect(NaN), change);
    if (next && next.change === best) one.setAttribute("class", "best");
    return one;
  });
  el("contributions").tBodies[0].replaceChildren(...rows);
  const ownFactor = patient.own ? factors.at(-1) : NaN;
  el("own-adds").textContent = patient.own
    ? `Your own finding by itself: ${alone(after.parts.at(-1)).textContent}; beside the others it multiplies the odds by ${factorText(ownFactor)}.`
    : "";
  const winner = here.flags[asked.findIndex((one) => one && one.change === best)];
  el("next").textContent = winner
    ? `Most would be learned from: ${winner.question}.`
    : "Nothing is left to ask, or nothing can be said.";
}
const factorText = (factor) => (Number.isNaN(factor) ? "–" : formatNumber(factor));

// ---- The same findings under each assumption ---------------------------------------------------

function drawModels(patient, after) {
  const here = caseOf(patient),
    silent = !after.known || after.refused !== "";
  const ends = ([low, middle, high]) =>
    after.certain ? number(formatPercent(middle)) : number(formatPercent(middle), range(low, high));
  const rows = DATA.models
    .filter((one) => ["shrunken", "independent"].includes(one.id) || one.id in here.tables)
    .map((model) => {
      if (silent) return row(model.label, number("–"), number("–"));
      if (model.id in here.tables) {
        if (patient.own) return row(model.label, number("without your own finding"), number("–"));
        const [middle, low, high, newLow, newHigh] = lookup(patient, model.id);
        return row(
          model.label,
          Number.isNaN(middle)
            ? number(range(low, high))
            : number(formatPercent(middle), range(low, high)),
          Number.isNaN(middle) ? number(range(newLow, newHigh)) : number(range(newLow, newHigh)),
        );
      }
      const risk = riskOf({ ...patient, dependence: model.id === "shrunken" ? null : 0 });
      return row(model.label, ends(risk.average), number(range(risk.new[0], risk.new[2])));
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
  const silent = (risk) => !risk.known || risk.refused;
  const line = (heading, write) =>
    row(heading, ...both.map(([one, risk]) => cell(write(one, risk))));
  el("pair-table").tBodies[0].replaceChildren(
    line(
      "Condition, setting",
      (one) => `${caseOf(one).target_label}, ${caseOf(one).setting_label}`,
    ),
    line("Findings", describe),
    line("Pre-test probability", (one) => {
      const risk = beforeAsking(one);
      return risk.known ? formatPercent(risk.average[1]) : "not set";
    }),
    line("Average practice", (_one, risk) =>
      silent(risk)
        ? "–"
        : `${formatPercent(risk.average[1])} (${range(risk.average[0], risk.average[2])})`,
    ),
    line("New practice", (_one, risk) => (silent(risk) ? "–" : range(risk.new[0], risk.new[2]))),
    line("As many as", (_one, risk) => (silent(risk) ? "–" : frequency(risk.average[1]))),
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
