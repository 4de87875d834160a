// The likelihood ratio and the risk of a patient, from the library's posterior draws: what
// Shrunken does (backpain_stats/combine/dependence/shrunken.py), draw by draw.

const DATA = JSON.parse(el("data").textContent);
const NOT_ASSESSED = 0,
  PRESENT = 1,
  ABSENT = 2;
const FACES = ["average", "new"];

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
// An array packed as 16-bit steps between its ends, unpacked when first needed.
function unpack(packed) {
  if (!packed.values) {
    const steps = new Uint16Array(bytes(packed.data).buffer),
      unit = (packed.high - packed.low) / 65535;
    packed.values = Float64Array.from(steps, (step) => packed.low + step * unit);
  }
  return packed.values;
}
function probabilities(packed) {
  packed.probabilities ??= unpack(packed).map(expit);
  return packed.probabilities;
}

// ---- One finding: how likely it is among cases and among non-cases -----------------------------

// Thresholds of one quantity are one finding: those present and absent narrow it to a stratum.
// `chain` holds the flags, the least demanding first; each has its share of the one before.
function stratum(chain, findings, draws) {
  const lower = chain.findLastIndex((place) => findings[place] === PRESENT),
    upper = chain.findIndex((place) => findings[place] === ABSENT);
  const share = (place, draw) => draws(place)[draw];
  return (draw) => {
    let above = 1,
      further = 1;
    for (let at = 0; at <= lower; at++) above *= share(chain[at], draw);
    for (let at = lower + 1; at <= upper; at++) further *= share(chain[at], draw);
    return upper < 0 ? above : above * (1 - further);
  };
}
// Each assessed finding as arrays: its probability among cases and non-cases, and the log ratio.
function evidenceOf(here, findings, face, own) {
  const parts = [];
  for (const chain of here.findings) {
    if (chain.every((place) => findings[place] === NOT_ASSESSED)) continue;
    const key = `${face} ${chain.map((place) => findings[place])} ${chain}`;
    here.cache ??= new Map();
    if (!here.cache.has(key)) {
      const [cases, others] = [0, 1].map((group) => {
        const one = stratum(chain, findings, (place) =>
          probabilities(here.flags[place][face][group]),
        );
        return Float64Array.from({ length: unpack(here.exponents).length }, (_, draw) => one(draw));
      });
      const log = cases.map((p, draw) => Math.log(p) - Math.log(others[draw]));
      here.cache.set(key, { cases, others, log });
    }
    parts.push({ ...here.cache.get(key), chain });
  }
  if (own) parts.push(own);
  return parts;
}

// ---- All findings together ---------------------------------------------------------------------

function effectiveNumber(logs) {
  let sum = 0,
    squares = 0,
    largest = 0;
  for (const log of logs) largest = Math.max(largest, Math.abs(log));
  if (largest === 0 || largest === Infinity) return 1;
  for (const log of logs) {
    const share = Math.abs(log) / largest;
    sum += share;
    squares += share * share;
  }
  return (sum * sum) / squares;
}
// Frechet's bounds of a joint probability.
function extremes(parts, group, draw) {
  let missing = 0,
    least = 1;
  for (const part of parts) {
    const p = part[group][draw];
    missing += 1 - p;
    least = Math.min(least, p);
  }
  return [Math.log(Math.max(0, 1 - missing)), Math.log(least)];
}
function within(value, low, high) {
  // A bound that is 0/0 excludes nothing.
  const raised = Number.isNaN(low) ? value : Math.max(value, low);
  return Number.isNaN(high) ? raised : Math.min(raised, high);
}
// Draws of the combined log ratio. `exponents` is one number, or one a draw.
function logRatios(parts, exponents, count) {
  const result = new Float64Array(count);
  if (!parts.length) return result;
  // A finding given as a likelihood ratio alone has no probabilities, so nothing is bounded.
  const bounded = parts.length > 1 && parts.every((part) => part.cases);
  const logs = new Array(parts.length);
  for (let draw = 0; draw < count; draw++) {
    let sum = 0;
    for (let at = 0; at < logs.length; at++) {
      logs[at] = parts[at].log[draw];
      sum += logs[at];
    }
    const exponent = typeof exponents === "number" ? exponents : exponents[draw];
    let value = logs.length > 1 ? sum * effectiveNumber(logs) ** -exponent : sum;
    if (bounded) {
      const [caseLow, caseHigh] = extremes(parts, "cases", draw),
        [otherLow, otherHigh] = extremes(parts, "others", draw);
      value = within(value, caseLow - otherHigh, caseHigh - otherLow);
    }
    result[draw] = value;
  }
  return result;
}
// Low, median and high: of neighbours one is taken, as the library does.
function summary(values) {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (!sorted.length) return [NaN, NaN, NaN];
  const at = (level) => sorted[Math.max(0, Math.ceil(sorted.length * level - 1e-9) - 1)];
  return [0.025, 0.5, 0.975].map(at);
}

// ---- A finding of the reader's own -------------------------------------------------------------

// Draws of Beta(successes + 1/2, failures + 1/2): its quantiles at evenly spread shares, in an
// order that is unrelated to the other draws. The density is summed on the log-odds scale.
function betaDraws(successes, failures, count, stride) {
  const [a, b] = [successes + 0.5, failures + 0.5],
    middle = Math.log(a / b),
    reach = 12 * Math.sqrt(1 / a + 1 / b) + 8,
    points = 4000;
  const at = (i) => middle + ((2 * i) / points - 1) * reach;
  const density = (x) =>
    a * x - (a + b) * (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
  const top = density(middle);
  const cumulative = new Float64Array(points + 1);
  for (let i = 1; i <= points; i++)
    cumulative[i] =
      cumulative[i - 1] + (Math.exp(density(at(i)) - top) + Math.exp(density(at(i - 1)) - top)) / 2;
  const result = new Float64Array(count);
  let i = 1;
  for (let rank = 0; rank < count; rank++) {
    const target = ((rank + 0.5) / count) * cumulative[points];
    while (cumulative[i] < target) i++;
    const part = (target - cumulative[i - 1]) / (cumulative[i] - cumulative[i - 1]);
    result[(rank * stride) % count] = expit(at(i - 1) + part * (at(i) - at(i - 1)));
  }
  return result;
}
// The finding as part of the patient: of counts, or a likelihood ratio taken as known.
function ownPart(own, count) {
  if (!own) return null;
  if (own.ratio) return { log: new Float64Array(count).fill(Math.log(own.ratio)) };
  const [tp, fp, fn, tn] = own.counts;
  // Strides that share no divisor with the number of draws, a power of two.
  let cases = betaDraws(tp, fn, count, 1549),
    others = betaDraws(fp, tn, count, 2371);
  if (!own.present) [cases, others] = [cases, others].map((one) => one.map((p) => 1 - p));
  const log = cases.map((p, draw) => Math.log(p) - Math.log(others[draw]));
  return { cases, others, log };
}
