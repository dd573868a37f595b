// The numbers of a recording, and their table: a row for each face of each frame.

import { save } from "../save.js";
import { cell } from "./cell.js";

class Recording {
  #rows = [];
  #start_s;
  #labels;

  constructor(labels, time_s) {
    this.#labels = labels;
    this.#start_s = time_s;
  }

  get rows() {
    return this.#rows.length;
  }

  add(tracks, time_s) {
    for (const { number, face, index, probabilities } of tracks) {
      const { left, top, width, height, score } = face;
      const box = [left, top, left + width, top + height].map((at) => at.toFixed(1));
      this.#rows.push([(time_s - this.#start_s).toFixed(3), number, ...box, score?.toFixed(3) ?? "", cell(this.#labels[index]), ...probabilities.map((probability) => probability.toFixed(4))].join(","));
    }
  }

  // Boxes are in pixels of the picture as the camera or the file gives it, not mirrored. Where the
  // server read a frame, `score` is empty.
  toCsv() {
    const head = ["seconds", "face", "left", "top", "right", "bottom", "score", "label", ...this.#labels.map(cell)];
    return [head.join(","), ...this.#rows, ""].join("\r\n");
  }
}

// The recording that a button starts and ends.
export class Recorder {
  #button;
  #recording = null;

  constructor(button) {
    this.#button = button;
  }

  get isOn() {
    return this.#recording !== null;
  }

  // `time_s` counts as second 0.
  start(labels, time_s) {
    this.#recording = new Recording(labels, time_s);
    this.#show();
  }

  add(tracks, time_s) {
    this.#recording?.add(tracks, time_s);
    this.#show();
  }

  // Save what was recorded; return how many rows that is.
  save() {
    const { rows } = this.#recording;
    save(new Blob([this.#recording.toCsv()], { type: "text/csv" }), "live-mien.csv");
    this.drop();
    return rows;
  }

  drop() {
    this.#recording = null;
    this.#show();
  }

  #show() {
    this.#button.ariaPressed = String(this.isOn);
    this.#button.textContent = this.isOn ? `Stop and save (${this.#recording.rows} rows)` : "Record as CSV";
  }
}
