// A result that was read here, in the form of `templates/result.html`: rows, boxes and charts work on
// it as they do on the server's.

import { cell } from "./cell.js";
import { hintsOf } from "./hints.js";
import { groupOf, headline, levelOf, likeliest, odds, percent } from "./words.js";

const CROP_ROOM = 1.3; // `serving.web.view.CROP_ROOM`
const ENLARGED_PX = 1280;
const escape = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

// What is said of one face.
function toRow(face, index, { spec, balance, reading }) {
  const [first, second] = likeliest(face.probabilities);
  const confidence = face.probabilities[first];
  const level = levelOf(confidence, spec, balance);
  const [label, secondLabel] = [spec.labels[first], spec.labels[second]];
  return {
    number: index + 1,
    index: first,
    label,
    secondLabel,
    confidence,
    level,
    headline: headline(label, secondLabel, level),
    odds: odds([label, confidence], [secondLabel, face.probabilities[second]], level),
    group: groupOf(label, level),
    box: Object.fromEntries(Object.entries({ left: face.left, top: face.top, right: face.left + face.width, bottom: face.top + face.height }).map(([name, at]) => [name, Math.round(at)])),
    probabilities: face.probabilities,
    hints: hintsOf(face, reading, spec.geometry),
    points: face.points,
    chipUrl: toPng(face.chip, spec.geometry.size_px),
    tilt_deg: (Math.atan2(face.transform[0][1], face.transform[0][0]) * 180) / Math.PI,
  };
}

function toPng(chip, size_px) {
  const canvas = Object.assign(document.createElement("canvas"), { width: size_px, height: size_px });
  const rgba = new Uint8ClampedArray(4 * chip.length);
  for (const [at, grey] of chip.entries()) rgba.set([grey, grey, grey, 255], 4 * at);
  canvas.getContext("2d").putImageData(new ImageData(rgba, size_px), 0, 0);
  return canvas.toDataURL();
}

function strip({ probabilities }, labels) {
  let x = 0;
  const parts = probabilities.map((probability, index) => {
    const part = `<rect class="label-${index}" x="${x.toFixed(1)}" width="${(100 * probability).toFixed(1)}" height="10"></rect>`;
    x += 100 * probability;
    return part;
  });
  const said = labels.map((label, index) => `${label} ${percent(probabilities[index])}`).join(", ");
  return `<svg class="strip" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${escape(said)}">${parts.join("")}</svg>`;
}

function mark(row, { unit, height }) {
  const { left, top, right, bottom } = row.box;
  const rectangle = `x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" rx="${(right - left) / 16}"`;
  const points = row.points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");
  return `<a href="#face-${row.number}" class="face label-${row.index} ${row.level}" data-face="${row.number}" data-group="${escape(row.group)}" id="box-${row.number}" aria-label="Face ${row.number}: ${escape(row.headline)}">
    <rect class="halo" ${rectangle}></rect><rect class="box" ${rectangle}></rect>
    <path class="points" d="${points}" stroke-width="${Math.max((right - left) / 35, unit * 0.24).toFixed(1)}"></path>
    <text class="tag" x="${Math.max(left, unit)}" y="${Math.min(bottom + unit * 2.6, height - unit)}" font-size="${(unit * 2.4).toFixed(1)}">${row.number}<tspan class="word"> ${escape(row.label)}${row.level === "sure" ? "" : "?"}</tspan></text>
  </a>`;
}

function crop({ left, top, right, bottom }) {
  const side = Math.round(CROP_ROOM * Math.max(right - left, bottom - top));
  return `<svg class="crop" viewBox="${(left + right - side) / 2} ${(top + bottom - side) / 2} ${side} ${side}" aria-hidden="true"><use href="#photo"></use></svg>`;
}

function sheet(row, { labels, geometry: { size_px } }) {
  const straightened = Math.abs(row.tilt_deg) >= 3 ? `Straightened by ${Math.abs(row.tilt_deg).toFixed(0)}°` : "Brought to size";
  const lines = labels.map((label, index) => `<tr><th scope="row">${escape(label)}</th><td>${(100 * row.probabilities[index]).toFixed(1)}%</td></tr>`);
  return `<div class="sheet"><div class="sheet-inner">
    <p class="sheet-title">${row.number} · ${escape(row.headline)}</p>
    <figure class="alignment">${crop(row.box)}<span aria-hidden="true">→</span>
      <img class="chip" src="${row.chipUrl}" width="96" height="96" alt="Face ${row.number}, straightened" data-tilt="${row.tilt_deg.toFixed(1)}">
      <figcaption>${straightened}: what the network saw (${size_px} × ${size_px})</figcaption></figure>
    <p class="said">${escape(row.odds)}</p>
    ${row.hints.map(({ said }) => `<p class="hint">${escape(said)}</p>`).join("")}
    <div class="chart" role="img" aria-label="Bar chart of face ${row.number}; the table says the same"></div>
    <details class="numbers"><summary>Table</summary><table>
      <thead><tr><th scope="col">Expression</th><th scope="col">Probability</th></tr></thead><tbody>${lines.join("")}</tbody></table></details>
    <div class="row-actions"><button type="button" class="small save-chart">Save chart</button><button type="button" class="small sort-bars" aria-pressed="false">Sort bars</button></div>
  </div></div>`;
}

function rowOf(row, spec, { isOnly, isShort }) {
  const numbered = isOnly ? "" : `<span class="number">${row.number}</span> · `;
  const isOpen = isShort || row.number === 1;
  return `<details class="row label-${row.index} ${row.level}" id="face-${row.number}" data-face="${row.number}" data-group="${escape(row.group)}" data-probabilities="${row.probabilities.map((probability) => probability.toFixed(4)).join(" ")}"${isShort ? "" : ' name="faces"'}${isOpen ? " open" : ""}>
    <summary>${crop(row.box)}<span class="headline">${numbered}${escape(row.headline)}</span>${strip(row, spec.labels)}<span class="percent">${percent(row.confidence)}</span></summary>
    ${sheet(row, spec)}</details>`;
}

function downloads(rows, { name, stem, reading, spec }) {
  const sureOf = ({ level }) => level === "sure";
  const faces = rows.map((row) => ({
    index: row.number,
    box: row.box,
    found_by: "detector",
    probabilities: Object.fromEntries(spec.labels.map((label, index) => [label, row.probabilities[index]])),
    label: row.label,
    confidence: row.confidence,
    is_sure: sureOf(row),
    second_label: row.secondLabel,
    hints: row.hints.map(({ name }) => name),
  }));
  const json = JSON.stringify({ model: spec.model, read: "on the device", image: { width: reading.width, height: reading.height }, faces_found: faces.length, faces }, null, 1);
  const head = ["file", "face", "left", "top", "right", "bottom", "label", "confidence", "is_sure", "second_label", ...spec.labels.map(cell)];
  const lines = rows.map((row) => [cell(name), row.number, row.box.left, row.box.top, row.box.right, row.box.bottom, cell(row.label), row.confidence.toFixed(4), sureOf(row), cell(row.secondLabel), ...row.probabilities.map((probability) => probability.toFixed(4))].join(","));
  return [["csv", "text/csv", [head.join(","), ...lines, ""].join("\r\n")], ["json", "application/json", json]]
    .map(([kind, type, text]) => `<a class="button small download" href="data:${type};charset=utf-8,${encodeURIComponent(text)}" download="${escape(stem)}.${kind}">${kind.toUpperCase()}</a>`)
    .join("");
}

function summary(rows) {
  const counts = new Map();
  for (const { group } of rows) counts.set(group, (counts.get(group) ?? 0) + 1);
  const words = [...counts].map(([group, count]) => [`${count} ${group}`, group]);
  const chips = words.map(([said, group]) => `<button type="button" class="chip" data-filter="${escape(group)}" aria-pressed="false">${escape(said)}</button>`);
  return { said: words.map(([each]) => each).join(", "), chips: chips.join("") };
}

// The result's HTML, for `show` of `result.js`.
export function render(reading, { name, spec, balance, took_ms }) {
  const { width, height, faces } = reading;
  const rows = faces.map((face, index) => toRow(face, index, { spec, balance, reading }));
  const count = ["No face found", "One face"][rows.length] ?? `${rows.length} faces`;
  const { said, chips } = summary(rows);
  const stem = `${name.replace(/\.[^.]*$/, "") || "picture"}-mien`;
  const unit = Math.max(width, height) / 100;
  const enlarged = ENLARGED_PX / Math.max(width, height);
  const options = { isOnly: rows.length === 1, isShort: rows.length <= 2 };
  const tools = `<div class="tools"><button type="button" class="small" data-save>Save picture</button><button type="button" class="small" data-copy hidden>Copy</button><button type="button" class="small" data-share hidden>Share</button>${downloads(rows, { name, stem, reading, spec })}<button type="button" class="small" data-enlarge>Enlarge</button><label class="check"><input type="checkbox" id="points"> Points</label></div>`;
  const key = `<ul class="key" aria-label="Colours">${spec.labels.map((label, index) => `<li class="label-${index}">${escape(label)}</li>`).join("")}</ul>`;
  const none = `<p>On this device Mien finds faces that look roughly at the camera and are at least ${Math.ceil(Math.max(width, height) / 40)} pixels wide. The server finds smaller and turned ones.</p><div class="actions"><button type="button" class="primary" data-choose>Try another photo</button></div>`;
  return `<section id="result" class="result" aria-labelledby="result-title" tabindex="-1" data-name="${escape(name)}" data-title="${count}${said ? `: ${escape(said)}` : ""}" data-stem="${escape(stem)}" data-width="${width}" data-height="${height}" data-found="${rows.length}" data-labels="${escape(spec.labels.join(","))}">
  <div class="photo-side"><figure class="photo"><svg class="scene" viewBox="0 0 ${width} ${height}" width="${Math.round(width * enlarged)}" height="${Math.round(height * enlarged)}" role="group" aria-label="Your picture, upright, with ${count.toLowerCase()}"><image id="photo" width="${width}" height="${height}"></image>${rows.map((row) => mark(row, { unit, height })).join("")}</svg></figure>
    ${rows.length ? tools : ""}
    <p class="photo-notes quiet">${width} × ${height} pixels<span class="shrunk"></span>, ${took_ms.toFixed(0)} ms. <b>Read on this device: the picture was not sent.</b></p></div>
  <div class="readings"><h1 id="result-title">${count} in ${escape(name)}</h1>
    ${rows.length > 1 ? `<div class="summary" role="group" aria-label="Show only">${chips}</div>` : ""}
    ${rows.length ? key : none}
    <p class="caution">An expression is not an emotion<span class="because">: a smile does not prove someone is happy</span>.</p>
    <div class="faces" data-figure="${escape(JSON.stringify(spec.figure))}">${rows.map((row) => rowOf(row, spec, options)).join("")}</div></div></section>`;
}
