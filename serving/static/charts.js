// Plotly's charts. Its script is large, so it comes with the first result, and a chart is drawn
// when its row is opened.

const PLOTLY = new URL("vendor/plotly-basic-4.1.1.min.js", import.meta.url);
const CONFIG = { responsive: true, displayModeBar: false, showTips: false };
const CHART_PX = 200;
const SAVED_WIDTH_PX = 640;
const dark = matchMedia("(prefers-color-scheme: dark)");
let loading = null;
let failed = false;

// Load Plotly once; where that failed, try again. Resolves to whether it is there.
export function loadPlotly() {
  if (loading && !failed) return loading.then(() => !failed);
  failed = false;
  loading = new Promise((resolve) => {
    const script = Object.assign(document.createElement("script"), { src: PLOTLY });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => {
      failed = true;
      resolve();
    });
    document.head.append(script);
  });
  return loading.then(() => !failed);
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const probabilitiesOf = (row) => row.dataset.probabilities.trim().split(" ").map(Number);
const inPercent = (probability) => `${(100 * probability).toFixed(0)}%`;

function figureOfRow(row) {
  const figure = JSON.parse(row.closest(".faces").dataset.figure);
  const [bars] = figure.data;
  bars.x = probabilitiesOf(row);
  bars.text = bars.x.map(inPercent);
  bars.marker.color = bars.x.map((_, index) => colour(`--label-${index}`));
  figure.layout.height = CHART_PX;
  if (row.querySelector(".sort-bars").ariaPressed === "true") figure.layout.yaxis.categoryorder = "total ascending";
  // The axis runs from the top to the bottom.
  if (figure.layout.yaxis.categoryorder) delete figure.layout.yaxis.autorange;
  return figure;
}

function figureOfAll(comparison) {
  const figure = JSON.parse(comparison.dataset.figure);
  const rows = [...document.querySelectorAll(".row")].map(probabilitiesOf);
  for (const [index, part] of figure.data.entries()) {
    part.x = rows.map((probabilities) => probabilities[index]);
    part.text = part.x.map((probability) => `${part.name} ${inPercent(probability)}`);
    part.marker = { color: colour(`--label-${index}`), line: { color: colour("--raised"), width: 1 } };
    part.insidetextfont = { color: colour(`--ink-${index}`) };
  }
  return figure;
}

async function draw(holder) {
  const chart = holder.querySelector(".chart");
  const { data, layout } = holder.matches(".row") ? figureOfRow(holder) : figureOfAll(holder);
  layout.font = { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 13 };
  layout.xaxis.gridcolor = layout.xaxis.zerolinecolor = colour("--line");
  // Room, before it is drawn, so that nothing jumps.
  chart.style.height = `${layout.height}px`;
  if (!loading) loadPlotly();
  await loading;
  document.getElementById("result").classList.toggle("no-charts", failed);
  if (failed) {
    for (const table of holder.querySelectorAll(".numbers")) table.open = true;
    return;
  }
  await Plotly.react(chart, data, layout, CONFIG);
}

// Draw the charts of all that is open; return whether that was possible.
export async function drawCharts() {
  for (const holder of document.querySelectorAll(":is(.row, .comparison)[open]")) await draw(holder);
  return !failed;
}

// Plotly listens to the window for each chart, and so would keep those that are gone.
export function removeCharts() {
  for (const chart of document.querySelectorAll(".js-plotly-plot")) Plotly.purge(chart);
}

// With the page's own colour behind it: pale words on nothing could not be read elsewhere.
function save({ data, layout }, filename) {
  const opaque = { ...layout, paper_bgcolor: colour("--raised") };
  return Plotly.downloadImage({ data, layout: opaque }, {
    format: "png", width: SAVED_WIDTH_PX, height: layout.height, scale: 2, filename,
  });
}

document.addEventListener("click", (event) => {
  const holder = event.target.closest("button")?.closest(".row, .comparison");
  if (event.target.closest(".save-chart")) {
    const { stem } = holder.closest(".result").dataset;
    save(holder.querySelector(".chart"), `${stem}-${holder.dataset.face ? `face-${holder.dataset.face}` : "faces"}`);
  }
  const sort = event.target.closest(".sort-bars");
  if (sort) {
    sort.ariaPressed = sort.ariaPressed !== "true";
    draw(holder);
  }
});
document.addEventListener("toggle", (event) => {
  if (event.target.matches(":is(.row, .comparison)[open]")) draw(event.target);
}, { capture: true });
dark.addEventListener("change", drawCharts);
