// What the result says in words, and the room that is kept for its longest words.

// ---- The result in words -----------------------------------------------------------------------

const combinedRatio = (ratio, interval) => `Combined likelihood ratio ${ratio}${interval}.`;
const barText = (before, after, ends) =>
  `${before} → ${after}${ends ? ` (new practice ${ends})` : ""}`;
function inWords(patient, before, after) {
  if (after.refused) return { big: "–", sentence: `No result: ${after.refused}`, ratio: "" };
  const [ratioLow, ratio, ratioHigh] = after.average_ratio;
  const interval =
    after.certain || ratioLow === ratioHigh
      ? ""
      : ` (95% interval ${span(ratioLow, ratioHigh, formatNumber)})`;
  const combined = combinedRatio(formatNumber(ratio), interval);
  if (!after.known)
    return {
      big: "–",
      sentence: "Set a pre-test probability: none was found for this setting.",
      ratio: combined,
    };
  const from = formatPercent(before.average[1]);
  const [low, middle, high] = after.average,
    [newLow, , newHigh] = after.new;
  const given = patient.pretest !== null && !after.assessed;
  const intervals =
    after.certain || given
      ? "No interval: nothing here was counted."
      : `95% interval ${range(low, high)} in an average practice, ${range(newLow, newHigh)} in a new practice.`;
  return {
    big: formatPercent(middle),
    sentence: after.assessed
      ? `Post-test probability, from a pre-test probability of ${from}. ${intervals}`
      : `Nothing is asked: this is the pre-test probability. ${given ? "It is your own, taken as known." : intervals}`,
    ratio: after.assessed ? combined : "",
  };
}
function drawSummary(before, after) {
  const words = inWords(state, before, after),
    said = after.known && !after.refused;
  el("before").textContent = before.known ? formatPercent(before.average[1]) : "–";
  el("posttest").textContent = words.big;
  el("frequency").textContent = said ? frequency(after.average[1]) : "";
  el("sentence").textContent = words.sentence;
  el("ratio").textContent = words.ratio;
  const [low, estimate, high] = after.average;
  Object.assign(el("posttest").dataset, {
    estimate,
    low,
    high,
    newLow: after.new[0],
    newHigh: after.new[2],
    ratio: after.average_ratio.join(" "),
    index: indexOf(state.findings),
  });
  el("bar").textContent = before.known
    ? barText(
        formatPercent(before.average[1]),
        words.big,
        said && !after.certain ? range(after.new[0], after.new[2]) : "",
      )
    : "Set a pre-test probability";
}
// Each with whether it applies now. All have their lines from the start, so that none moves another.
function warningsOf(patient, after) {
  const here = caseOf(patient),
    asked = here.flags.map((_flag, place) => patient.findings[place] !== NOT_ASSESSED),
    several = asked.filter(Boolean).length > 1,
    learned = DATA.models.find((one) => one.id === "shrunken"),
    found = [];
  if (here.pretest?.warning)
    found.push([`The pre-test probability: ${here.pretest.warning}`, patient.pretest === null]);
  if (learned?.caution) found.push([learned.caution, after.parts.length > 1 && !after.refused]);
  const counted = here.flags
    .map((flag, place) => [flag.n_cases, asked[place]])
    .filter(([cases]) => cases !== null);
  const used = counted.filter(([, one]) => one);
  if (counted.length) {
    const fewest = Math.min(...(used.length ? used : counted).map(([cases]) => cases));
    found.push([`The sensitivities rest on as few as ${fewest} cases.`, used.length > 0]);
  }
  found.push(...here.combinations.map((text) => [text, several]));
  for (const [place, flag] of here.flags.entries())
    found.push(...flag.notes.map((note) => [`${flag.label}: ${note}`, asked[place]]));
  found.push([
    "No interval here holds the bias of the studies: who was sampled, and who was verified by what.",
    true,
  ]);
  return found;
}
function drawWarnings(patient, after) {
  const rows = warningsOf(patient, after).map(([text, applies]) =>
    applies
      ? make("li", {}, text)
      : make("li", { class: "idle" }, make("span", { class: "unseen" }, "Not now: "), text),
  );
  el("warnings").replaceChildren(...rows);
}
const countsAs = (number, effective) =>
  ` These ${number} findings count as ${effective} of equal weight.`;
function dependenceSaid(exponent) {
  if (exponent === null)
    return `Learned from patients with other conditions: exponent ${DATA.exponent}, SD ${DATA.spread}, varied in the interval.`;
  return exponent === 0
    ? "Independent: the likelihood ratios are multiplied."
    : `Exponent ${exponent}, taken as known; learned is ${DATA.exponent}.`;
}
function drawDependence(after) {
  const exponent = state.dependence ?? DATA.exponent;
  if (document.activeElement !== el("dependence")) el("dependence").value = exponent;
  el("mark").style.left = `${(100 * DATA.exponent) / STRONGEST}%`;
  const logs = after.parts.map((part) => summary(part.log)[1]);
  const worth =
    after.parts.length > 1 && !after.refused
      ? countsAs(after.parts.length, formatNumber(effectiveNumber(logs), 2))
      : "";
  const said = dependenceSaid(state.dependence);
  el("dependence-text").textContent = said + worth;
  el("dependence").setAttribute("aria-valuetext", said);
}
// ---- Room for the longest words ----------------------------------------------------------------

// Called for each new setting, and when a finding of one's own comes or goes.
function keepRoom(patient) {
  const here = caseOf(patient),
    { percent, range: ends, number: wide, numbers, frequency: many } = widest(patient),
    questions = here.flags.map((flag) => flag.question);
  hold(
    "sentence",
    `Post-test probability, from a pre-test probability of ${percent}. 95% interval ${ends} in an average practice, ${ends} in a new practice.`,
    `Nothing is asked: this is the pre-test probability. 95% interval ${ends} in an average practice, ${ends} in a new practice.`,
    ...[...here.reasons, DATA.impossible].map((reason) => `No result: ${reason}`),
  );
  hold("frequency", many);
  hold("ratio", combinedRatio(wide, ` (95% interval ${numbers})`));
  hold(
    "threshold-text",
    `At ${percent} you accept 88888 without the condition for each with it. The estimate lies below: you would wait. Of all that is plausible, under 1% lies above it in an average practice, under 1% in a new one.`,
  );
  hold("icons-text", iconsText(many, many, many, true));
  hold("tree-text", ...here.flags.map(treeText));
  hold("nomogram-text", NOMOGRAM.line);
  hold("next", ...questions.map(mostLearned), NOTHING_LEFT);
  const worth = here.flags.length > 1 || patient.own ? countsAs(8, "8.8") : "";
  hold("dependence-text", ...[null, 0, 0.55].map((one) => dependenceSaid(one) + worth));
  if (patient.own) hold("own-adds", ownAdds(`${wide} (${numbers})`, wide));
  else hold("own-adds");
  hold("bar", barText(percent, percent, ends));
}
