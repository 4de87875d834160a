"use strict";
// Arrow keys, Page Up/Down, space, Home and End move from screen to screen.
(() => {
  const slides = Array.from(document.querySelectorAll(".slide"));
  let at = 0;
  function show(place) {
    at = Math.min(Math.max(place, 0), slides.length - 1);
    slides.forEach((slide, number) => {
      slide.classList.toggle("current", number === at);
    });
    history.replaceState(null, "", `#${slides[at].id}`);
    window.scrollTo(0, 0);
  }
  function named() {
    return slides.findIndex((slide) => `#${slide.id}` === location.hash);
  }
  const steps = {
    ArrowRight: 1,
    ArrowDown: 1,
    PageDown: 1,
    " ": 1,
    ArrowLeft: -1,
    ArrowUp: -1,
    PageUp: -1,
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in steps) show(at + steps[event.key]);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(slides.length - 1);
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", () => {
    show(named());
  });
  document.body.classList.add("moving");
  show(named());
})();
