// The controls, and everything that happens on a click.

// ---- The controls ------------------------------------------------------------------------------

function drawFlags() {
  el("flags").replaceChildren(
    ...current().flags.map((flag, place) =>
      make(
        "fieldset",
        {},
        make("legend", {}, flag.question),
        make(
          "div",
          { class: "choices" },
          ...[NOT_ASSESSED, PRESENT, ABSENT].map((digit) => {
            const input = make("input", { type: "radio", name: `flag-${flag.id}`, value: digit });
            input.checked = state.findings[place] === digit;
            input.addEventListener("change", () => {
              state.findings[place] = digit;
              state.focus = place;
              changed();
            });
            return make("label", {}, input, answer(flag, digit)[1]);
          }),
        ),
      ),
    ),
  );
}
// A setting with one flag says so and offers its neighbours.
function drawFew() {
  const here = current(),
    neighbours = DATA.cases.filter((one) => one !== here && one.flags.length > 1);
  el("few").replaceChildren();
  if (here.flags.length > 1) return;
  const near = neighbours.filter((one) => one.target === here.target);
  const buttons = (near.length ? near : neighbours).map((one) => {
    const button = make(
      "button",
      { type: "button" },
      `${one.target_label}, ${one.setting_label}: ${one.flags.length} flags`,
    );
    button.addEventListener("click", () => moveTo(one.target, one.setting));
    return button;
  });
  el("few").append(
    make("p", { class: "soft" }, "One flag only was found with usable figures here. More were in:"),
    ...buttons,
  );
}
function drawControls() {
  const here = current();
  el("target").value = state.target;
  el("setting").replaceChildren(
    ...options(casesOf(state.target).map((one) => [one.setting, one.setting_label])),
  );
  el("setting").value = state.setting;
  el("pretest-source").textContent = here.pretest
    ? `Published for this setting: ${formatPercent(here.pretest.estimate)} (average practice ${publishedRange("average")}; new practice ${publishedRange("new")}). ${here.pretest.source}`
    : "No prevalence was found for this setting: set the pre-test probability.";
  el("pretest-reset").parentElement.hidden = !here.pretest;
  el("left-out").hidden = !here.left_out.length;
  el("left-out").firstElementChild.textContent =
    `Reported but not offered: ${here.left_out.length}`;
  el("left-out").lastElementChild.replaceChildren(
    ...items(here.left_out.map((one) => `${one.label}: ${one.reason}`)),
  );
  drawFew();
  drawFlags();
  showPretest();
  showOwn();
  el("threshold").value = state.threshold === null ? "" : formatNumber(100 * state.threshold);
  complain("threshold", "");
}
function publishedRange(face) {
  const [low, , high] = summary(unpack(current().pretest[face])).map(expit);
  return range(low, high);
}
// The field shows the pre-test in use; called only when the reader has nothing half-typed there.
function showPretest() {
  const shown = state.pretest ?? current().pretest?.estimate;
  el("pretest").value = shown === undefined ? "" : formatNumber(100 * shown);
  complain("pretest", "");
}
function complain(id, text) {
  el(id).setAttribute("aria-invalid", String(text !== ""));
  el(`${id}-error`).textContent = text;
}
const percentage = (text) =>
  /^(\d+[.,]?\d*|[.,]\d+)\s*%?$/.test(text.trim())
    ? parseFloat(text.trim().replace(",", ".")) / 100
    : NaN;
function typed(text) {
  const value = percentage(text);
  if (allowed(value)) {
    complain("pretest", "");
    state.pretest = value;
    changed();
    return;
  }
  const used = state.pretest ?? current().pretest?.estimate;
  const kept = used === undefined ? "" : ` The result still uses ${formatPercent(used)}.`;
  complain("pretest", `Give a percentage between 0.0001 and 99.9999, such as 0.5.${kept}`);
}
function typedThreshold(text) {
  const value = percentage(text);
  const empty = text.trim() === "";
  complain(
    "threshold",
    empty || allowed(value) ? "" : "Give a percentage between 0.0001 and 99.9999, such as 1.",
  );
  if (!empty && !allowed(value)) return;
  state.threshold = empty ? null : value;
  changed();
}
function slid(position) {
  const p = expit(position);
  // Three digits, counted from the nearer end.
  state.pretest =
    p < 0.5
      ? Number(p.toPrecision(3))
      : Number((1 - Number((1 - p).toPrecision(3))).toPrecision(12));
  showPretest();
  changed();
}
function showOwn() {
  const own = state.own;
  el("own-kind").value = own?.ratio ? "ratio" : "counts";
  for (const [place, name] of ["tp", "fp", "fn", "tn"].entries())
    el(`own-${name}`).value = own?.counts ? own.counts[place] : "";
  el("own-state").value = own?.counts && !own.present ? "absent" : "present";
  el("own-ratio").value = own?.ratio ?? "";
  el("own-error").textContent = "";
  if (own) el("own-box").open = true;
  showKind();
}
function showKind() {
  el("own-counts").hidden = el("own-kind").value !== "counts";
  el("own-single").hidden = el("own-kind").value !== "ratio";
}
function setOwn() {
  const ratio = el("own-kind").value === "ratio";
  const counts = ["tp", "fp", "fn", "tn"].map((name) => el(`own-${name}`).value.trim());
  const text = ratio
    ? el("own-ratio").value.trim().replace(",", ".")
    : [...counts, el("own-state").value].join(",");
  const own = readOwn(text);
  el("own-error").textContent = own
    ? ""
    : ratio
      ? "Give a ratio between 0.0001 and 10000, such as 3."
      : "Give four whole numbers; patients with and without the condition are both needed.";
  if (!own) return;
  state.own = own;
  changed();
}

// ---- Everything drawn ---------------------------------------------------------------------------

function draw() {
  const after = riskOf(state),
    before = beforeAsking(state);
  drawSummary(before, after);
  drawBands(state, before, after);
  drawThreshold(state, after);
  drawIcons(after);
  drawTree(state, before);
  drawFindings(state, after);
  drawWarnings(state, after);
  drawModels(state, after);
  drawNomogram(before, after);
  drawPair(state, after);
  drawDependence(after);
  const used = state.pretest ?? current().pretest?.estimate;
  if (document.activeElement !== el("pretest-slider"))
    el("pretest-slider").value = used === undefined ? 0 : logit(used);
  el("pretest-slider").setAttribute(
    "aria-valuetext",
    used === undefined ? "not set" : formatPercent(used),
  );
}

// ---- From one patient to the next --------------------------------------------------------------

function changed() {
  el("notice").style.visibility = "hidden"; // it keeps its place: nothing below moves
  el("shared").textContent = "";
  history.replaceState(null, "", addressOf(state));
  keepRoom(state);
  draw();
}
function show(patient) {
  Object.assign(state, patient);
  drawControls();
  drawEvidence();
}
// Findings stay where the new setting offers the same flag.
function moveTo(target, setting) {
  const before = current().flags.map((flag, place) => [flag.id, state.findings[place]]);
  const settings = casesOf(target).map((one) => one.setting);
  const next = { target, setting: settings.includes(setting) ? setting : settings[0] };
  const findings = caseOf(next).flags.map(
    (flag) => (before.find(([id]) => id === flag.id) || [])[1] || NOT_ASSESSED,
  );
  el("preset").value = "";
  el("preset-why").textContent = "";
  show({ ...next, findings, pretest: null, focus: 0 });
  changed();
}
function meet(place) {
  const patient = DATA.patients[place];
  el("preset-why").textContent = patient ? patient.why : "";
  if (!patient) return;
  const findings = caseOf(patient).flags.map((flag) =>
    patient.present.includes(flag.id)
      ? PRESENT
      : patient.absent.includes(flag.id)
        ? ABSENT
        : NOT_ASSESSED,
  );
  const { target, setting, pretest } = patient;
  const focus = Math.max(0, findings.findIndex(Boolean));
  show({ ...EMPTY, threshold: state.threshold, target, setting, pretest, findings, focus });
  changed();
}
function restore() {
  const { patient, strange } = patientOf(location.hash.slice(1));
  patient.focus = Math.max(0, patient.findings.findIndex(Boolean));
  show(patient);
  keepRoom(state);
  draw();
  el("notice").style.visibility = "visible";
  el("notice").textContent = strange.length
    ? `The link was not understood in full and is shown without: ${strange.join(", ")}.`
    : "";
}

// ---- Everything wired --------------------------------------------------------------------------

const onClick = (id, act) => el(id).addEventListener("click", act);
el("preset").replaceChildren(
  ...options([["", "choose one"], ...DATA.patients.map((one, place) => [place, one.name])]),
);
el("target").replaceChildren(
  ...options([...new Map(DATA.cases.map((one) => [one.target, one.target_label]))]),
);
el("icons").replaceChildren(...squares);
el("preset").addEventListener("change", (event) => meet(event.target.value));
el("target").addEventListener("change", (event) => moveTo(event.target.value, state.setting));
el("setting").addEventListener("change", (event) => moveTo(state.target, event.target.value));
el("dependence").addEventListener("input", (event) => {
  state.dependence = Number(event.target.value);
  changed();
});
onClick("dependence-reset", () => {
  state.dependence = null;
  changed();
});
el("pretest-slider").addEventListener("input", (event) => slid(Number(event.target.value)));
el("pretest").addEventListener("input", (event) => typed(event.target.value));
el("threshold").addEventListener("input", (event) => typedThreshold(event.target.value));
onClick("pretest-reset", () => {
  state.pretest = null;
  showPretest();
  changed();
});
onClick("clear", () => {
  state.findings.fill(NOT_ASSESSED);
  drawFlags();
  changed();
});
el("own-kind").addEventListener("change", showKind);
onClick("own-set", setOwn);
onClick("own-drop", () => {
  state.own = null;
  showOwn();
  changed();
});
onClick("keep", () => {
  state.kept = { ...state, findings: [...state.findings], kept: null };
  changed();
});
onClick("forget", () => {
  state.kept = null;
  changed();
});
onClick("share", () => {
  history.replaceState(null, "", addressOf(state));
  copy(location.href, "Copied.");
});
onClick("share-text", () => copy(asText(), "Copied as text."));
onClick("share-picture", savePicture);
el("controls").addEventListener("submit", (event) => event.preventDefault());
// The address belongs to the patient, so a jump moves the focus and leaves it alone.
for (const jump of document.querySelectorAll(".skip, .jump")) {
  jump.addEventListener("click", (event) => {
    event.preventDefault();
    const place = document.querySelector(jump.getAttribute("href"));
    place.scrollIntoView();
    place.focus();
  });
}
window.addEventListener("hashchange", restore);
restore();
