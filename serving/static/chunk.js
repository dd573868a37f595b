// The request that carries several pictures, and its answer, of which each line is about one of them.

import { showUpload } from "./strip.js";

const BATCH = new URL("../../api/v1/predict/batch?landmarks=true&chips=true", import.meta.url);

function reasonIn({ responseText }) {
  try {
    return JSON.parse(responseText).detail ?? "The server could not be reached.";
  } catch {
    return "The server could not be reached."; // what is no problem of the server's own has no reason to give
  }
}

function formOf(chunk) {
  const data = new FormData();
  const [{ balance, crop }] = chunk;
  if (balance !== null) data.append("balance", balance);
  if (crop) data.append("crop", "true");
  for (const { picture, name } of chunk) data.append("image", picture.file, name);
  return data;
}

// Send pictures, until `signal` ends that. `take` is called with each and its line of the answer as soon
// as that is there. Of those without one it says why, and in how many seconds to send them again.
export function postPictures(chunk, take, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    signal.addEventListener("abort", () => request.abort());
    let taken = 0;
    let at = 0;
    const takeLines = () => {
      const end = request.responseText.lastIndexOf("\n");
      if (request.status !== 200 || end < taken) return;
      for (const line of request.responseText.slice(taken, end).split("\n")) if (line) take(chunk[at++], JSON.parse(line));
      taken = end + 1;
    };
    request.upload.addEventListener("progress", ({ loaded }) => showUpload(chunk, loaded));
    request.addEventListener("progress", takeLines);
    request.addEventListener("loadend", () => {
      resolve();
      if (signal.aborted) return;
      takeLines();
      const wait_s = Number(request.getResponseHeader("Retry-After"));
      // None of the server's, or an answer that was cut short.
      const status = request.status > 200 ? request.status : 503;
      for (const entry of chunk.slice(at)) take(entry, { problem: { title: "Not read", detail: reasonIn(request), status }, wait_s });
    });
    request.open("POST", BATCH);
    request.send(formOf(chunk));
  });
}
