// The patient in hand, what follows from it, and the address that holds it.

const PRETEST_RANGE = [1e-6, 1 - 1e-6];
const STRONGEST = 0.6;
// A pre-test of null is the published one, a dependence of null the learned one.
const EMPTY = { pretest: null, dependence: null, own: null, threshold: null };
const state = { target: "", setting: "", findings: [], kept: null, focus: 0, ...EMPTY };

const allowed = (p) => p >= PRETEST_RANGE[0] && p <= PRETEST_RANGE[1];
const casesOf = (target) => DATA.cases.filter((one) => one.target === target);
const caseOf = (patient) =>
  DATA.cases.find((one) => one.target === patient.target && one.setting === patient.setting);
const current = () => caseOf(state);
// A pattern is a number in base 3: one digit a flag, in the order of the flags.
const indexOf = (findings) => findings.reduce((sum, digit, place) => sum + digit * 3 ** place, 0);
const answer = (flag, digit) => [flag.question, ["not asked", flag.present, flag.absent][digit]];

// ---- What follows from a patient ---------------------------------------------------------------

function priors(patient, face) {
  const here = caseOf(patient);
  if (patient.pretest !== null) return logit(patient.pretest);
  return here.pretest ? unpack(here.pretest[face]) : NaN;
}
function refusal(patient) {
  const here = caseOf(patient),
    index = indexOf(patient.findings);
  return index in here.refused ? here.reasons[here.refused[index]] : "";
}
// The risk of a patient: low, median and high of the ratio and of the risk in either practice.
function riskOf(patient) {
  const here = caseOf(patient),
    exponents = patient.dependence ?? unpack(here.exponents),
    count = unpack(here.exponents).length,
    own = ownPart(patient.own, count);
  const result = { refused: refusal(patient), known: patient.pretest !== null || !!here.pretest };
  for (const face of FACES) {
    const ratios = logRatios(evidenceOf(here, patient.findings, face, own), exponents, count),
      prior = priors(patient, face),
      drawn = ratios.map((log, draw) => log + (typeof prior === "number" ? prior : prior[draw]));
    result[face] = summary(drawn).map(expit);
    result[`${face}_odds`] = drawn;
    result[`${face}_ratio`] = summary(ratios).map(Math.exp);
  }
  const [low] = result.average_ratio,
    [from, , to] = summary(result.average_odds);
  // Without counts nothing varies: there is no interval.
  result.certain = to - from < 1e-12;
  if (Number.isNaN(low)) result.refused ||= DATA.impossible;
  result.assessed = patient.own !== null || patient.findings.some(Boolean);
  result.parts = evidenceOf(here, patient.findings, "average", own);
  return result;
}
// The estimate alone, for many patterns of one patient.
function estimateOf(patient, findings) {
  const here = caseOf(patient),
    exponents = unpack(here.exponents),
    count = exponents.length,
    parts = evidenceOf(here, findings, "average", ownPart(patient.own, count)),
    prior = priors(patient, "average"),
    ratios = logRatios(parts, patient.dependence ?? exponents, count);
  return expit(
    summary(ratios.map((log, draw) => log + (typeof prior === "number" ? prior : prior[draw])))[1],
  );
}
function beforeAsking(patient) {
  return riskOf({ ...patient, own: null, findings: patient.findings.map(() => NOT_ASSESSED) });
}

// What each part multiplies the odds by: its Shapley value.
function shares(patient, parts) {
  const here = caseOf(patient),
    exponents = unpack(here.exponents),
    count = parts.length;
  const value = Array.from({ length: 2 ** count }, (_, subset) => {
    const kept = parts.filter((_part, at) => (subset >> at) & 1);
    return summary(logRatios(kept, patient.dependence ?? exponents, exponents.length))[1];
  });
  const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));
  const size = (subset) => [...subset.toString(2)].filter((bit) => bit === "1").length;
  return parts.map((_part, at) => {
    let sum = 0;
    for (let subset = 0; subset < value.length; subset++) {
      if ((subset >> at) & 1) continue;
      const others = size(subset),
        weight = (factorial(others) * factorial(count - others - 1)) / factorial(count);
      sum += weight * (value[subset | (1 << at)] - value[subset]);
    }
    return Math.exp(sum);
  });
}

// If this flag is asked next: the risk after either answer, how likely "present" is, and the
// expected change. The answer is taken to depend on the condition alone.
function ifAsked(patient, place, risk) {
  const here = caseOf(patient),
    flag = here.flags[place],
    prior = risk.average[1];
  const after = [PRESENT, ABSENT].map((digit) => {
    const findings = patient.findings.map((old, at) => (at === place ? digit : old));
    if (indexOf(findings) in here.refused) return null;
    return estimateOf(patient, findings);
  });
  if (after.some((one) => one === null)) return null;
  const likely = prior * flag.sensitivity + (1 - prior) * (1 - flag.specificity);
  const change = likely * Math.abs(after[0] - prior) + (1 - likely) * Math.abs(after[1] - prior);
  return { present: after[0], absent: after[1], likely, change };
}

// The risk under another dependence model, looked up: estimate, then both intervals.
function lookup(patient, model) {
  const here = caseOf(patient),
    table = here.tables[model],
    index = indexOf(patient.findings);
  const column = (name) => {
    if (typeof table[name] === "string") table[name] = new Float32Array(bytes(table[name]).buffer);
    return table[name][index];
  };
  const published = patient.pretest === null && here.pretest,
    prior = published ? 0 : priors(patient, "average");
  const names = ["posttest", "ci_low", "ci_high", "new_practice_low", "new_practice_high"];
  return names.map((name) => expit(prior + column(`${published ? "risk" : "ratio"}_${name}`)));
}

// ---- The address of the page holds the patient -------------------------------------------------

function addressOf(patient) {
  const here = caseOf(patient),
    parts = { target: patient.target, setting: patient.setting };
  const named = (digit) =>
    here.flags
      .filter((_flag, place) => patient.findings[place] === digit)
      .map((flag) => flag.id)
      .join(",");
  if (patient.pretest !== null) parts.pretest = String(patient.pretest);
  if (patient.dependence !== null) parts.dependence = String(patient.dependence);
  if (named(PRESENT)) parts.present = named(PRESENT);
  if (named(ABSENT)) parts.absent = named(ABSENT);
  if (patient.own)
    parts.own = patient.own.ratio
      ? String(patient.own.ratio)
      : [...patient.own.counts, patient.own.present ? "present" : "absent"].join(",");
  if (patient.threshold !== null) parts.threshold = String(patient.threshold);
  if (patient.kept) parts.kept = addressOf(patient.kept).slice(1);
  return `#${new URLSearchParams(parts).toString().replaceAll("%2C", ",")}`;
}
// A finding of the reader's own as it stands in an address; null if it makes no sense.
function readOwn(text) {
  const parts = text.split(",");
  if (parts.length === 1) {
    const ratio = Number(text);
    return text.trim() && ratio >= 1e-4 && ratio <= 1e4 ? { ratio } : null;
  }
  const counts = parts.slice(0, 4).map((one) => (/^\d{1,7}$/.test(one) ? Number(one) : NaN));
  const [tp, fp, fn, tn] = counts;
  const sound = tp + fn > 0 && fp + tn > 0 && parts.length === 5;
  if (!sound || !["present", "absent"].includes(parts[4])) return null;
  return { counts, present: parts[4] === "present" };
}
// The patient of an address, and what of it was not understood.
function patientOf(text) {
  // An address without "=" is a place on the page, not a patient.
  const given = new URLSearchParams(text.includes("=") ? text : "");
  const strange = [];
  const odd = (name) => strange.push(`${name} “${given.get(name)}”`);
  const known = (name, list) => {
    if (list.includes(given.get(name))) return given.get(name);
    if (given.has(name)) odd(name);
    return list[0];
  };
  const target = known(
      "target",
      DATA.cases.map((one) => one.target),
    ),
    setting = known(
      "setting",
      casesOf(target).map((one) => one.setting),
    );
  const patient = { ...EMPTY, target, setting, kept: null, focus: 0 };
  const number = (name, sound) => {
    if (!given.has(name)) return;
    const value = given.get(name).trim() === "" ? NaN : Number(given.get(name));
    if (sound(value)) patient[name] = value;
    else odd(name);
  };
  number("pretest", allowed);
  number("threshold", allowed);
  number("dependence", (value) => value >= 0 && value <= STRONGEST);
  // An address of before: one model of several was chosen, of which multiplying has a value.
  if (given.get("model") === "independent") patient.dependence = 0;
  else if (given.has("model") && given.get("model") !== "shrunken") odd("model");
  const here = caseOf(patient);
  patient.findings = here.flags.map(() => NOT_ASSESSED);
  for (const [name, digit] of [
    ["present", PRESENT],
    ["absent", ABSENT],
  ]) {
    for (const id of (given.get(name) || "").split(",").filter(Boolean)) {
      const place = here.flags.findIndex((flag) => flag.id === id);
      if (place < 0 || patient.findings[place] !== NOT_ASSESSED) strange.push(`finding “${id}”`);
      else patient.findings[place] = digit;
    }
  }
  if (given.has("own")) {
    patient.own = readOwn(given.get("own"));
    if (!patient.own) odd("own");
  }
  if (given.has("kept")) {
    const kept = patientOf(given.get("kept"));
    if (kept.strange.length) odd("kept");
    else patient.kept = { ...kept.patient, kept: null };
  }
  return { patient, strange };
}
