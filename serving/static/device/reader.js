// All that happens to one picture, in the worker: find, align, classify. Mirrors
// `serving.inference.predictor.Predictor`.

import { loadAndCompile, loadLiteRt, Tensor } from "../vendor/litert-2.5.3.min.js";
import { shrink } from "./colour.js";
import { SIDE_PX } from "./detector.js";
import { fetchFiles } from "./download.js";
import { fitSimilarity, sampleSquare } from "./geometry.js";
import { toGrey } from "./grey.js";
import { stretchContrast } from "./light.js";
import { probabilities } from "./outputs.js";
import { findFaces } from "./search.js";
import { seen } from "./tint.js";
import { isFace } from "./verify.js";

const RUNTIME = "../vendor/litert-wasm-2.5.3";
const SIGNATURE = "views"; // `preprocessing.bundle.classifier.VIEWS_SIGNATURE`
// What scores less is no face; in a photo what is not certain is looked at twice.
const LEAST_SCORE = 0.85;
const at = (name) => new URL(name, import.meta.url).href;
// Faces of a camera's frame that are classified, in turn; all others are located.
const READ_AT_ONCE = 2;
let spec = null;
let detector = null;
let network = null;
const canvases = {};
let turn = 0;

// Load the runtime and both networks; `given` is what `/device/spec.json` says. `tell` is called with
// the progress, 0 to 1.
async function load(given, tell) {
  spec = given;
  // The runtime loads its WebAssembly itself, then from the browser's cache: only so is what was
  // compiled kept as well.
  const urls = [at(`${RUNTIME}.wasm`), at("yunet.tflite"), spec.network_url];
  const [, ...models] = await fetchFiles(urls, spec.bytes, tell);
  self.Module = { locateFile: () => at(`${RUNTIME}.wasm`), printErr() {} };
  // The runtime complains where there is no graphics card, which is not needed here.
  const { warn } = console;
  console.warn = () => {};
  await loadLiteRt(at(`${RUNTIME}.js`));
  console.warn = warn;
  [detector, network] = await Promise.all(models.map((bytes) => loadAndCompile(bytes, { accelerator: "wasm" })));
}

// Make sure that the network gives here what it gives on the server.
async function check() {
  const { chip, probabilities: expected, tolerance } = spec.known_answer;
  const found = await classify(Uint8Array.from(chip), null);
  const apart = Math.max(...found.map((probability, index) => Math.abs(probability - expected[index])));
  // The comparison also fails for NaN.
  if (!(apart <= tolerance)) throw new Error("This browser computes other numbers than the server, so it cannot read faces. Let the server read them.");
}

async function run(model, name, data, shape, signature) {
  const input = new Tensor(data, shape);
  const outputs = await (signature ? model.run(signature, { [name]: input }) : model.run({ [name]: input }));
  input.delete();
  const [values] = Object.values(outputs).map((tensor) => tensor.toTypedArray());
  for (const tensor of Object.values(outputs)) tensor.delete();
  return values;
}

const detect = (square) => run(detector, "rgb", square, [1, SIDE_PX, SIDE_PX, 3]);

async function classify(chip, balance) {
  const { size_px } = spec.geometry;
  const logits = await run(network, "chips", chip, [1, size_px, size_px], SIGNATURE);
  const first = spec.answers_with * spec.labels.length;
  return probabilities(Array.from(logits.subarray(first, first + spec.labels.length)), spec.output, balance);
}

// Draw a bitmap in a size, and return its pixels. Canvases are kept: each size has its own.
function draw(bitmap, name, width, height) {
  canvases[name] ??= new OffscreenCanvas(1, 1);
  const canvas = canvases[name];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // What shines through is white, as on the server.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "medium"; // else pixels are passed over
  context.drawImage(bitmap, 0, 0, width, height);
  return seen(() => context.getImageData(0, 0, width, height));
}

// The pixels of a photo, as `findFaces` takes them; it is shrunk as on the server.
function openPhoto(bitmap) {
  const { width, height } = bitmap;
  const pixels = draw(bitmap, "whole", width, height);
  bitmap.close();
  const shrunk = (wide, high) => (wide === width ? pixels : shrink(pixels, wide, high));
  return { width, height, pixels, shrunk };
}

// The same of a frame, which the canvas shrinks: not quite as on the server, but fifty times as fast.
function openFrame(bitmap) {
  const { width, height } = bitmap;
  return { width, height, pixels: draw(bitmap, "whole", width, height), shrunk: (wide, high) => draw(bitmap, "small", wide, high) };
}

async function readFace(grey, transform, balance) {
  const chip = stretchContrast(sampleSquare(grey, transform, spec.geometry));
  return { transform, chip, probabilities: await classify(chip, balance) };
}

// Which of several faces have their turn.
function inTurn(count) {
  const first = turn % Math.max(count, 1);
  turn = first + READ_AT_ONCE;
  return (index) => (index - first + count) % count < READ_AT_ONCE;
}

// Find and read the faces of a photo, as `Predictor.predict`.
async function read({ bitmap, balance = null }) {
  const picture = openPhoto(bitmap);
  const grey = toGrey(picture.pixels);
  const faces = [];
  const { template_px } = spec.geometry;
  for (const face of await findFaces(detect, picture, { isQuick: false, leastScore: LEAST_SCORE })) {
    if (!(await isFace(detect, picture.pixels, face, template_px))) continue;
    faces.push({ ...face, ...(await readFace(grey, fitSimilarity(face.points, template_px), balance)) });
  }
  return { width: grey.width, height: grey.height, faces };
}

// The same for a frame of a camera, with fewer looks: `probabilities` are there for faces in turn.
async function readFrame({ bitmap }) {
  const picture = openFrame(bitmap);
  const faces = await findFaces(detect, picture, { isQuick: true, leastScore: LEAST_SCORE });
  bitmap.close();
  const grey = toGrey(picture.pixels);
  const hasTurn = inTurn(faces.length);
  for (const [index, face] of faces.entries()) {
    const transform = fitSimilarity(face.points, spec.geometry.template_px);
    if (hasTurn(index)) Object.assign(face, await readFace(grey, transform, null));
  }
  return { width: grey.width, height: grey.height, faces };
}

// Read faces whose transforms are known already, as `align.extract_chip` and then the network.
async function readAligned({ bitmap, transforms, balance = null }) {
  const grey = toGrey(openPhoto(bitmap).pixels);
  const faces = [];
  for (const transform of transforms) faces.push(await readFace(grey, transform, balance));
  return faces;
}

export const tasks = { load, check, read, readFrame, readAligned };
