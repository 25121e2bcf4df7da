"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const settings = { responsive: true, displaylogo: false, displayModeBar: "hover",
                   modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const panels = [...document.querySelectorAll(".panel")];
const profile = () => document.querySelector("input[name=profile]:checked")?.value ?? Object.keys(figures.fronts)[0];

function draw(place, figure, options = settings) {
  if (!place) return;
  if (figure) Plotly.react(place, figure.data, figure.layout, options);
  else { Plotly.purge(place); place.textContent = "not recorded"; }
}

function drawPanel(panel) {
  const trial = figures.trials[panel.querySelector("select").value];
  const plain = { ...settings, displayModeBar: false };
  panel.querySelector(".facts").innerHTML = trial.facts;
  draw(panel.querySelector("[data-figure=energy]"), trial.energy[profile()], plain);
  draw(panel.querySelector("[data-figure=rates]"), trial.rates, plain);
}

function drawProfile() {
  draw(document.getElementById("front"), figures.fronts[profile()]);
  document.querySelectorAll(".saving").forEach(text => { text.hidden = text.dataset.profile !== profile(); });
  panels.forEach(drawPanel);
}

function sortBy(head) {
  const body = head.closest("table").tBodies[0], column = head.cellIndex;
  const sign = head.ariaSort === "ascending" ? -1 : 1;
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => Number.isNaN(a - b) ? order(a, b) : a - b;
  const rows = [...body.rows].sort((a, b) => sign * compare(value(a), value(b)));
  head.parentElement.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  body.append(...rows);
}

function copy(code) {
  const range = document.createRange();
  range.selectNodeContents(code);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  if (document.execCommand("copy")) {
    code.classList.add("copied");
    setTimeout(() => code.classList.remove("copied"), 900);
  }
}

if (figures.fronts) {
  drawProfile();
  draw(document.getElementById("progress"), figures.progress);
  panels.forEach(panel => panel.querySelector("select").addEventListener("change", () => drawPanel(panel)));
  document.querySelectorAll("input[name=profile]").forEach(input => input.addEventListener("change", drawProfile));
  document.getElementById("front").on("plotly_click", event => {
    const number = event.points[0].customdata?.[0], panel = panels[Math.min(1, panels.length - 1)];
    const select = panel.querySelector("select");
    if (![...select.options].some(option => option.value === String(number))) return;
    select.value = number;
    drawPanel(panel);
  });
}
document.querySelectorAll(".trials th").forEach(head => head.addEventListener("click", () => sortBy(head)));
document.addEventListener("click", event => {
  const code = event.target.closest("code.command");
  if (code) copy(code);
});
