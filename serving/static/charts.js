// Plotly's charts. Its script is large, so it is loaded with the first result.

const PLOTLY = new URL("vendor/plotly-basic-4.1.1.min.js", import.meta.url);
const CONFIG = { responsive: true, displayModeBar: false, showTips: false };
// Thick enough for words, of the room that each bar has.
const BAR = 0.75;
const CHOSEN_BAR = 1;
const SAVED_WIDTH_PX = 640;
const dark = matchMedia("(prefers-color-scheme: dark)");
let loading = null;
let failed = false;

// Load Plotly once; where that failed, try again.
export function loadPlotly() {
  if (loading && !failed) return;
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
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw(chart, { sorted }) {
  const { data, layout } = JSON.parse(chart.dataset.figure);
  const comparesFaces = layout.showlegend;
  if (sorted && !comparesFaces) layout.yaxis.categoryorder = "total descending";
  layout.colorway = comparesFaces ? colour("--series").split(" ") : [colour("--accent")];
  // Between the parts of a bar its background shows.
  for (const bars of data) {
    bars.insidetextfont = { color: colour("--raised") };
    bars.marker = { line: { color: colour("--raised"), width: comparesFaces ? 1 : 0 } };
  }
  layout.font = { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 13 };
  layout.xaxis.gridcolor = layout.xaxis.zerolinecolor = colour("--line");
  return Plotly.react(chart, data, layout, CONFIG);
}

// Draw all charts; return whether that was possible, else their tables are opened.
export async function drawCharts() {
  const charts = document.querySelectorAll(".chart");
  if (!charts.length) return true;
  // Room for all, before the first is drawn, so that nothing jumps.
  for (const chart of charts) {
    chart.style.height = `${JSON.parse(chart.dataset.figure).layout.height}px`;
  }
  if (!loading) loadPlotly();
  await loading;
  document.getElementById("result").classList.toggle("no-charts", failed);
  if (failed) {
    for (const table of document.querySelectorAll(".numbers")) table.open = true;
    return false;
  }
  const sorted = document.getElementById("sorted").checked;
  for (const chart of charts) await draw(chart, { sorted });
  return true;
}

// Plotly listens to the window for each chart, and so would keep those that are gone.
export function removeCharts() {
  for (const chart of document.querySelectorAll(".js-plotly-plot")) Plotly.purge(chart);
}

// In the chart of all faces, let the bar of one stand out; numbers start at 1.
export function emphasize(number) {
  const chart = document.querySelector(".comparison .chart.js-plotly-plot");
  if (!chart) return;
  const width = chart.data[0].y.map((_, index) => (index + 1 === number ? CHOSEN_BAR : BAR));
  Plotly.restyle(chart, { width: [width] });
}

// With the page's own colour behind it: pale words on nothing could not be read elsewhere.
function save({ data, layout, dataset }) {
  const opaque = { ...layout, paper_bgcolor: colour("--raised") };
  return Plotly.downloadImage({ data, layout: opaque }, {
    format: "png", width: SAVED_WIDTH_PX, height: layout.height, scale: 2, filename: dataset.name,
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".save-chart");
  if (button) save(button.closest(".card").querySelector(".chart"));
});
document.addEventListener("change", (event) => {
  if (event.target.id === "sorted") drawCharts();
});
dark.addEventListener("change", drawCharts);
drawCharts();
