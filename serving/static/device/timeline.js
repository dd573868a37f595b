// How the odds of each face went in the last minute, drawn by Plotly.

import { colour, loadPlotly } from "../charts.js";

const SPAN_S = 60;
const SAMPLE_S = 0.2; // between two points of a line
const GAP_S = 1; // a line breaks where the face was away for longer
const HEIGHT_PX = 240;
const CONFIG = { displayModeBar: false, responsive: true };

export class Timeline {
  #faces = new Map();

  add(tracks, time_s) {
    for (const { number, probabilities } of tracks) {
      const points = this.#faces.get(number) ?? [];
      this.#faces.set(number, points);
      const gap_s = time_s - (points.at(-1)?.time_s ?? -Infinity);
      if (gap_s < SAMPLE_S) continue;
      if (points.length && gap_s > GAP_S) points.push({ time_s: time_s - gap_s / 2, probabilities: probabilities.map(() => null) });
      points.push({ time_s, probabilities });
    }
    for (const [number, points] of this.#faces) {
      while (points.length && time_s - points[0].time_s > SPAN_S) points.shift();
      if (points.length === 0) this.#faces.delete(number);
    }
  }

  get numbers() {
    return [...this.#faces.keys()].sort((one, other) => one - other);
  }

  // Draw one face's minute; return whether that was possible.
  async draw(element, number, labels, time_s) {
    if (!(await loadPlotly())) return false;
    const points = this.#faces.get(number) ?? [];
    const x = points.map((point) => point.time_s - time_s);
    const lines = labels.map((name, index) => ({
      type: "scatter",
      mode: "lines",
      name,
      x,
      y: points.map(({ probabilities }) => probabilities[index]),
      line: { color: colour(`--label-${index}`), width: 2 },
      hovertemplate: `${name} %{y:.0%}<extra></extra>`,
    }));
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), fixedrange: true };
    await Plotly.react(element, lines, {
      height: HEIGHT_PX,
      margin: { l: 48, r: 12, t: 8, b: 38 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 13 },
      showlegend: false,
      xaxis: { ...axis, range: [-SPAN_S, 0], ticksuffix: " s", ticklabelstandoff: 6 },
      yaxis: { ...axis, range: [0, 1], tickformat: ".0%", nticks: 5, ticklabelstandoff: 6 },
    }, CONFIG);
    return true;
  }
}
