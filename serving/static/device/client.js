// The page's side of the worker that reads faces.

import { specOf } from "./spec.js";

let worker = null;
let loading = null;
let last = 0;
const waiting = new Map();

function settle({ data: { id, answer, error } }) {
  const { resolve, reject } = waiting.get(id);
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
  for (const { reject } of waiting.values()) reject(new Error(event.message || "The worker did not start."));
  waiting.clear();
  forget();
}

function ask(task, given, moved = []) {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, task, given }, moved);
  });
}

// Load all that is needed, once; try again where that failed.
export function load() {
  loading ??= start().catch((error) => {
    forget();
    throw error;
  });
  return loading;
}

async function start() {
  const spec = await specOf();
  worker = new Worker(new URL("./worker.js", import.meta.url));
  worker.addEventListener("message", settle);
  worker.addEventListener("error", fail);
  await ask("load", spec);
  // From now on it works without a network too; where a browser refuses that, with one.
  navigator.serviceWorker?.register(new URL("../../../service-worker.js", import.meta.url)).catch(() => {});
  return spec;
}

// Read the faces of a photo's bitmap, which goes over to the worker.
export const read = (bitmap, options = {}) => ask("read", { bitmap, ...options }, [bitmap]);

// Read a frame of a camera, likewise.
export const readFrame = (bitmap) => ask("readFrame", { bitmap }, [bitmap]);

// Read faces whose place is known: `transforms` bring the picture to their chips.
export const readAligned = (bitmap, transforms) => ask("readAligned", { bitmap, transforms }, [bitmap]);
