// The patient as a link, as text and as a picture; and the terms that explain themselves.

// ---- Sharing -----------------------------------------------------------------------------------

function asText() {
  const before = beforeAsking(state),
    words = inWords(state, before, riskOf(state));
  return [
    `${current().target_label}, ${current().setting_label}`,
    describe(state),
    `${words.big} ${el("frequency").textContent}`.trim(),
    words.sentence,
    words.ratio,
    el("dependence-text").textContent,
    `backpain_stats ${DATA.version}. ${document.querySelector(".disclaimer").textContent}`,
    location.href,
  ]
    .filter(Boolean)
    .join("\n");
}
async function copy(text, done) {
  el("shared-words").hidden = el("shared-label").hidden = true;
  try {
    await navigator.clipboard.writeText(text);
    el("shared").textContent = done;
  } catch {
    el("shared").textContent = "Copy it from here:";
    el("shared-words").value = text;
    el("shared-words").hidden = el("shared-label").hidden = false;
  }
}
// A card with the patient, the numbers and the icon array, as PNG.
function savePicture() {
  const canvas = make("canvas", { width: 1200, height: 900 }),
    pen = canvas.getContext("2d");
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  pen.fillStyle = colour("--paper");
  pen.fillRect(0, 0, 1200, 900);
  let y = 60;
  const write = (text, size, name = "--text") => {
    pen.font = `${size}px system-ui, sans-serif`;
    pen.fillStyle = colour(name);
    let line = "";
    for (const word of `${text} `.split(" ")) {
      if (word && pen.measureText(`${line} ${word}`).width < 1100) line = `${line} ${word}`.trim();
      else {
        pen.fillText(line, 50, y);
        y += size * 1.35;
        line = word;
      }
    }
  };
  const [title, findings, big, sentence, ...rest] = asText().split("\n");
  write(title, 34);
  write(findings, 24, "--soft");
  y += 20;
  write(big, 54);
  write(sentence, 24);
  squares.forEach((one, i) => {
    const kind = one.getAttribute("class");
    pen.globalAlpha = kind === "unsure" ? 0.35 : kind === "well" ? 0.25 : 1;
    pen.fillStyle = colour(kind === "well" ? "--soft" : "--warn");
    pen.fillRect(50 + (i % 50) * 22, y + Math.floor(i / 50) * 17, 16, 12);
  });
  pen.globalAlpha = 1;
  y += 380;
  write(`${rest.at(-2)}`, 17, "--soft");
  const link = make("a", { download: "patient.png", href: canvas.toDataURL("image/png") });
  link.click();
  el("shared").textContent = "Saved as patient.png.";
}

// ---- Terms explain themselves ------------------------------------------------------------------

function explain(button) {
  const box = el("explained"),
    place = button.getBoundingClientRect();
  box.textContent = DATA.terms[button.dataset.term].text;
  box.hidden = false;
  const left = Math.min(place.left, document.documentElement.clientWidth - box.offsetWidth - 8);
  box.style.left = `${Math.max(8, left) + scrollX}px`;
  const below = place.bottom + box.offsetHeight + 8 < innerHeight;
  box.style.top = `${(below ? place.bottom + 4 : place.top - box.offsetHeight - 4) + scrollY}px`;
}
const explained = () => {
  el("explained").hidden = true;
};
for (const button of document.querySelectorAll(".term")) {
  button.setAttribute("aria-describedby", "explained");
  for (const event of ["mouseenter", "focus", "click"])
    button.addEventListener(event, () => explain(button));
  for (const event of ["mouseleave", "blur"]) button.addEventListener(event, explained);
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") explained();
});
