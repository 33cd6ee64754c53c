/* A celebration for a big one: some paper in the air, or only a glow where motion is unwanted. */
"use strict";

window.scoreline.celebrate = (report) => {
  const PIECES = 28;
  const LASTS_MS = 3200;
  report.classList.add("celebrating");
  setTimeout(() => report.classList.remove("celebrating"), LASTS_MS);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const paper = document.createElement("div");
  paper.className = "confetti";
  paper.setAttribute("aria-hidden", "true");
  for (let piece = 0; piece < PIECES; piece += 1) paper.append(document.createElement("i"));
  document.body.append(paper);
  setTimeout(() => paper.remove(), LASTS_MS);
};
