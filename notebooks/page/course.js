"use strict";
// Sliders and exercises of a rendered notebook. Everything was computed before: the page
// swaps pictures and compares answers, by the rules of exercises.py and sliders.py.
(() => {
  const element = document.getElementById("course-data");
  if (!element) {
    return;
  }
  const data = JSON.parse(element.textContent);
  const written = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?) ?(%|\/ ?(\d+\.?\d*))?$/;

  function number(text) {
    const found = written.exec(text.trim());
    if (!found || (found[3] && Number(found[3]) === 0)) {
      return Number.NaN;
    }
    return Number(found[1]) / (found[2] === "%" ? 100 : Number(found[3] ?? 1));
  }

  function same(answer, solution, tolerance) {
    if (typeof solution === "string") {
      return answer === solution;
    }
    const scale = Math.max(Math.abs(answer), Math.abs(solution));
    return Math.abs(answer - solution) <= Math.max(tolerance * scale, 1e-12);
  }

  function judged(exercise, text) {
    const letters = typeof exercise.solution === "string";
    const answer = letters ? text : number(text);
    if (letters ? !answer : Number.isNaN(answer)) {
      return ["wrong", `The answer should be ${exercise.kind}.`];
    }
    const is = (solution) => same(answer, solution, exercise.tolerance);
    if (is(exercise.solution)) {
      return ["right", exercise.reason];
    }
    const known = exercise.mistakes.find((mistake) => is(mistake.answer));
    if (known) {
      return ["wrong", known.hint];
    }
    if (exercise.percent && is(100 * exercise.solution)) {
      return ["wrong", exercise.percent];
    }
    return ["wrong", exercise.hint];
  }

  for (const form of document.querySelectorAll("form[data-exercise]")) {
    const status = form.querySelector("[role=status]");
    form.querySelector(".answer").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = new FormData(form).get("answer") ?? "";
      const [state, message] = judged(data.exercises[form.dataset.exercise], text);
      form.dataset.state = state;
      status.textContent = `${state === "right" ? "✓ Right." : "✗ Not yet."} ${message}`;
    });
  }

  for (const figure of document.querySelectorAll("figure[data-slider]")) {
    const { frames } = data.sliders[figure.dataset.slider];
    const control = figure.querySelector("input");
    const [value, image, text] = ["output", "img", "figcaption"].map((one) =>
      figure.querySelector(one),
    );
    const show = () => {
      const frame = frames[control.value];
      value.textContent = frame.value;
      control.setAttribute("aria-valuetext", frame.value);
      image.src = frame.image;
      image.alt = frame.text;
      text.textContent = frame.text;
    };
    figure.querySelector("label").hidden = false;
    control.addEventListener("input", show);
    // Browsers keep a moved slider when a page is loaded again.
    show();
  }
})();
