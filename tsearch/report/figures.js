// A list of the buttons wanted, so that none that sends data away can come in.
const buttons = [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]];
const settings = { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtons: buttons,
                   showSendToCloud: false, showLink: false, plotlyServerURL: "" };
const plain = { ...settings, displayModeBar: false };
const front = document.getElementById("front"), card = document.getElementById("card");
const panels = [...document.querySelectorAll(".panel")];
const HEIGHT_OF_ROW = 30, NARROW = 600;  // in pixels
let chosen = Number(card?.querySelector("select").dataset.trial);

function draw(place, figure, options = settings) {
  if (!place) return;
  ready.then(() => figure ? Plotly.react(place, figure.data, figure.layout, options) : Plotly.purge(place));
  if (!figure) place.textContent = "not recorded";
}

function withLayers(template, names, data) {
  const height = template.layout.height + HEIGHT_OF_ROW * Math.max(1, names.length);
  return { data, layout: { ...template.layout, height } };
}

function energyFigure(trial) {
  const template = figures.templates.energy[profile()], names = figures.layers[trial.priced];
  if (!template) return null;
  const { rows, sums } = trial.energy[profile()];
  const data = template.data.map((trace, i) => ({ ...trace, x: rows[i], y: names }));
  data.at(-1).text = sums;
  return withLayers(template, names, data);
}

function ratesFigure(trial) {
  const template = figures.templates.rates, names = figures.layers[trial.spiking];
  return trial.rates && withLayers(template, names, [{ ...template.data[0], y: names, z: trial.rates }]);
}

function showProfile(root = document) {
  root.querySelectorAll("[data-profile]").forEach(part => { part.hidden = part.dataset.profile !== profile(); });
}

function show(panel, number) {
  const trial = figures.trials[number], select = panel.querySelector("select");
  select.value = number;
  panel.querySelector("h3").textContent = trial.names[profile()];
  panel.querySelector(".facts").innerHTML = trial.facts;
  showProfile(panel);
  draw(panel.querySelector("[data-figure=energy]"), energyFigure(trial), plain);
  draw(panel.querySelector("[data-figure=rates]"), ratesFigure(trial), plain);
}

function frontFigure() {
  const { data, layout } = figures.fronts[profile()], ring = { ...data[0], x: [], y: [] };
  for (const trace of data) {
    const i = (trace.customdata ?? []).findIndex(row => row[0] === chosen);
    if (i >= 0) [ring.x, ring.y] = [[trace.x[i]], [trace.y[i]]];
  }
  const traces = [ring, ...data.slice(1)];
  return { data: front.clientWidth < NARROW ? traces.map(narrowBar) : traces, layout: narrowLegend(layout) };
}

// On a narrow screen the bar of colours lies below the figure, and the legend takes little room.
function narrowBar(trace) {
  if (!trace.marker?.colorbar) return trace;
  const title = { ...trace.marker.colorbar.title, side: "top" };
  const colorbar = { ...trace.marker.colorbar, title, orientation: "h", len: 1,
                     x: 0.5, y: -0.2, yanchor: "top" };
  return { ...trace, marker: { ...trace.marker, colorbar } };
}

function narrowLegend(layout) {
  if (front.clientWidth >= NARROW) return layout;
  const margin = { ...layout.margin, l: 48, r: 8 };
  const legend = { ...layout.legend, font: { size: 11 } };
  return { ...layout, height: 640, margin, legend, xaxis: { ...layout.xaxis, tickangle: 0 } };
}

function choose(number, isSeen = true) {
  chosen = Number(number);
  show(card, chosen);
  draw(front, frontFigure());
  if (panels.length) show(panels[Math.min(1, panels.length - 1)], chosen);
  const { top } = card.getBoundingClientRect();
  if (!isSeen && (top < 0 || top > innerHeight / 2)) card.scrollIntoView();
}

function drawAll() {
  showProfile();
  draw(front, frontFigure());
  [card, ...panels].forEach(panel => show(panel, panel.querySelector("select").value));
}

function fillChoice(select) {
  for (const [name, numbers] of Object.entries(figures.groups)) {
    const group = document.createElement("optgroup");
    group.label = name;
    group.append(...numbers.map(number => new Option(figures.trials[number].option, number)));
    if (numbers.length) select.append(group);
  }
  select.value = select.dataset.trial;
}

if (figures.fronts) {
  document.querySelectorAll("select[data-trial]").forEach(fillChoice);
  drawAll();
  draw(document.getElementById("progress"), figures.progress);
  if (figures.activations) draw(document.getElementById("activations"), figures.activations, plain);
  panels.forEach(panel => panel.querySelector("select").addEventListener("change", event => show(panel, event.target.value)));
  card.querySelector("select").addEventListener("change", event => choose(event.target.value));
  document.querySelectorAll("input[name=profile]").forEach(input => input.addEventListener("change", drawAll));
  document.querySelectorAll(".pick").forEach(pick => pick.addEventListener("click", () => choose(pick.textContent, false)));
  ready.then(listen);
  let wasNarrow = front.clientWidth < NARROW;
  addEventListener("resize", () => {
    if (wasNarrow !== front.clientWidth < NARROW) ready.then(drawFrontAfresh);
    wasNarrow = front.clientWidth < NARROW;
  });
}

function listen() {
  front.on("plotly_click", event => {
    const number = event.points[0].customdata?.[0];
    if (number !== undefined) choose(number, false);
  });
  front.on("plotly_afterplot", () => placeLabels(front));
  placeLabels(front);
}

// plotly leaves parts of a bar of colours behind when it turns, so the figure is emptied first.
function drawFrontAfresh() {
  const { data, layout } = frontFigure();
  Plotly.newPlot(front, data, layout, settings).then(listen);
}

// Figures do not shrink by themselves for paper: they are drawn anew in its width, and again for the screen.
const WIDTH_OF_PAPER = 660;
function drawIn(width) {
  document.querySelectorAll(".js-plotly-plot").forEach(place => {
    Plotly.relayout(place, width ? { width, autosize: false } : { width: null, autosize: true });
  });
}
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach(part => { part.open = true; });
  if (ready) drawIn(WIDTH_OF_PAPER);
});
addEventListener("afterprint", () => { if (ready) drawIn(null); });
