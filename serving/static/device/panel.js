// What the live page says of itself: its state, its buttons, its figures.

const START = "Start the camera";
const LOST_S = 1; // at the end of a file; what lasts longer than its picture, as sound may, is less

export class Panel {
  #root;
  #part;

  // `part` finds an element of the page by its name.
  constructor(root, part) {
    this.#root = root;
    this.#part = part;
  }

  get state() {
    return this.#root.dataset.state;
  }

  say(text, { bad = false } = {}) {
    this.#part("status").textContent = text;
    this.#part("status").classList.toggle("bad", bad);
  }

  // off, opening, loading, on, paused, or done at the end of a file: what shows, and which buttons do
  // something.
  become(state, { kind, isSent }) {
    const part = this.#part;
    const isCamera = kind === "camera";
    const isOpen = !["off", "opening"].includes(state);
    const isReady = isOpen && state !== "loading";
    this.#root.dataset.state = state;
    if (state === "opening") part("figures").textContent = "";
    if (state === "off") part("start").textContent = START;
    else part("start").textContent = isCamera ? "Stop the camera" : "Close the video";
    part("pause").textContent = state === "paused" ? "Go on" : "Pause";
    part("pause").disabled = !isReady || state === "done";
    for (const name of ["shoot", "record"]) part(name).disabled = !isReady;
    const sent = isSent ? ", sent to the server" : "";
    part("lamp").hidden = !isCamera || !isOpen;
    part("lamp").textContent = `Camera is on${state === "paused" ? ", paused" : sent}`;
    document.title = `${isCamera && isOpen ? "● " : ""}Live camera - Mien`;
  }

  // Say how fast reading is, and where this device is too slow, what can be done.
  tell(means, { isSent }) {
    if (!means) return;
    const { rate, delay_ms, total, isSlow } = means;
    const figures = this.#part("figures");
    Object.assign(figures.dataset, { rate, delayMs: delay_ms, frames: total });
    const isSlowHere = isSlow && !isSent;
    const hint = isSlowHere ? ". This device is slow or busy: boxes lag behind faces that move." : "";
    figures.textContent = `${rate.toFixed(1)} frames a second, ${delay_ms.toFixed(0)} ms from a frame to its boxes${hint}`;
    if (isSlowHere) this.offerServer();
  }

  // Say how far a file was read, and how long it is where its recording says so.
  tellProgress(time_s, whole_s) {
    const whole = Number.isFinite(whole_s) ? ` of ${whole_s.toFixed(1)}` : "";
    this.#part("figures").textContent = `${time_s.toFixed(1)}${whole} seconds were read`;
  }

  // Say that a file was read, or until when it could be: one that was cut short ends early.
  tellEnd({ reached_s, whole_s }, { isBroken, isRecorded }) {
    const bad = isBroken || (Number.isFinite(whole_s) && whole_s - reached_s > LOST_S);
    const words = bad ? `This video is damaged or cut short after ${reached_s.toFixed(1)} seconds. What comes before was read` : "The video was read to its end";
    this.say(`${words}, on this device. ${isRecorded ? "“Stop and save” gives the numbers." : ""}`, { bad });
  }

  // Show the words on sending frames to the server, where it takes any.
  offerServer() {
    const offer = this.#part("offer");
    if (offer) offer.open = true;
  }
}
