"use strict";
// Arrow keys, Page Up/Down, space, Home and End move from screen to screen.
(function () {
  const slides = Array.from(document.querySelectorAll(".slide"));
  function current() {
    const middle = window.innerHeight / 2;
    const at = slides.findIndex(function (slide) {
      return slide.getBoundingClientRect().bottom > middle;
    });
    return Math.max(at, 0);
  }
  function show(place) {
    const chosen = slides[Math.min(Math.max(place, 0), slides.length - 1)];
    chosen.scrollIntoView();
    history.replaceState(null, "", "#" + chosen.id);
  }
  const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in steps) show(current() + steps[event.key]);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(slides.length - 1);
    else return;
    event.preventDefault();
  });
})();
