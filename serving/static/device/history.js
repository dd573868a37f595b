// The chart of one face over the last minute, and the choice of that face.

import { Timeline } from "./timeline.js";

const CHART_S = 1; // between two drawings

export class History {
  #part;
  #labels;
  #timeline;
  #first; // the face that is shown where none was picked
  #picked;
  #added_s;
  #drawn_s;

  // `part` finds an element of the page by its name.
  constructor(part) {
    this.#part = part;
    part("subject").addEventListener("change", ({ target }) => {
      this.#picked = Number(target.value);
      this.draw();
    });
  }

  restart(labels) {
    this.#labels = labels;
    this.#timeline = new Timeline();
    this.#first = this.#picked = null;
    this.#drawn_s = -Infinity;
  }

  add(tracks, time_s) {
    this.#timeline.add(tracks, time_s);
    this.#first = tracks[0]?.number ?? null;
    this.#added_s = time_s;
    if (time_s - this.#drawn_s > CHART_S) this.draw();
  }

  async draw() {
    this.#drawn_s = this.#added_s;
    const { numbers } = this.#timeline;
    const chosen = numbers.includes(this.#picked) ? this.#picked : (this.#first ?? numbers.at(-1));
    this.#part("subject").replaceChildren(...numbers.map((number) => new Option(`Face ${number}`, number, false, number === chosen)));
    this.#part("history").hidden = numbers.length === 0;
    if (chosen === undefined) return;
    this.#part("no-chart").hidden = await this.#timeline.draw(this.#part("chart"), chosen, this.#labels, this.#added_s);
  }
}
