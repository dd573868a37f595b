// The numbers of a recording, and their table: a row for each face of each frame.

export class Recording {
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
    for (const { number, face, index, shares } of tracks) {
      const { left, top, width, height, score } = face;
      const box = [left, top, left + width, top + height].map((at) => at.toFixed(1));
      this.#rows.push([(time_s - this.#start_s).toFixed(3), number, ...box, score.toFixed(3), this.#labels[index], ...shares.map((share) => share.toFixed(4))].join(","));
    }
  }

  // Boxes are in pixels of the picture as the camera gives it, not mirrored.
  toCsv() {
    const head = ["seconds", "face", "left", "top", "right", "bottom", "score", "label", ...this.#labels];
    return [head.join(","), ...this.#rows, ""].join("\r\n");
  }
}
