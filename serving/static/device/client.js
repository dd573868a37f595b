// The page's side of the worker that reads faces.

import { specOf } from "./spec.js";

let worker = null;
let loading = null;
let last = 0;
const waiting = new Map();
const listeners = new Set();

function settle({ data: { id, progress, answer, error } }) {
  const { resolve, reject, tell } = waiting.get(id);
  if (progress !== undefined) {
    tell(progress);
    return;
  }
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(answer);
}

function forget() {
  worker?.terminate();
  worker = null;
  loading = null;
}

function fail(event) {
  for (const { reject } of waiting.values()) reject(new Error(event.message || "Its script did not start."));
  waiting.clear();
  forget();
}

function ask(task, given, { moved = [], tell } = {}) {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, tell });
    worker.postMessage({ id, task, given }, moved);
  });
}

// Load all that is needed, once; try again where that failed. `tell` is called with the progress, 0 to
// 1, also where another one asked first.
export function load(tell = () => {}) {
  listeners.add(tell);
  loading ??= start().catch((error) => {
    forget();
    throw error;
  });
  return loading.finally(() => listeners.delete(tell));
}

const tellAll = (progress) => listeners.forEach((tell) => tell(progress));

async function start() {
  tellAll(0);
  const spec = await specOf();
  worker = new Worker(new URL("./worker.js", import.meta.url));
  worker.addEventListener("message", settle);
  worker.addEventListener("error", fail);
  try {
    await ask("load", spec, { tell: tellAll });
  } catch (error) {
    throw new Error(`What reads faces on this device could not be loaded. Check the connection and try again, or load the page anew. (${error.message})`);
  }
  await ask("check");
  // From now on it works without a network too; where a browser refuses that, with one.
  navigator.serviceWorker?.register(new URL("../../../service-worker.js", import.meta.url)).catch(() => {});
  return spec;
}

// Read the faces of a photo's bitmap, which goes over to the worker.
export const read = (bitmap, options = {}) => ask("read", { bitmap, ...options }, { moved: [bitmap] });

// Read a frame of a camera, likewise.
export const readFrame = (bitmap) => ask("readFrame", { bitmap }, { moved: [bitmap] });

// Read faces whose place is known: `transforms` bring the picture to their chips.
export const readAligned = (bitmap, transforms) => ask("readAligned", { bitmap, transforms }, { moved: [bitmap] });
