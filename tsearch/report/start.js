"use strict";
// plotly lies packed in the page; what draws figures waits for `ready`, all else works at once.
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = document.createElement("script");
  code.textContent = await new Response(stream).text();
  document.head.append(code);
}
const figures = JSON.parse(document.getElementById("figures").textContent);
const ready = figures.fronts ? unpack(document.getElementById("plotly").textContent) : null;
ready?.catch(() => document.querySelectorAll(".figure").forEach(place => {
  place.textContent = "This browser cannot draw the figures; one of 2023 or later can.";
}));
const profile = () => document.querySelector("input[name=profile]:checked")?.value ?? Object.keys(figures.fronts)[0];
