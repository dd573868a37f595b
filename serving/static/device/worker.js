// The worker that reads faces. It is no module itself, for the runtime loads a script by
// `importScripts`; alone of all scripts it may compile WebAssembly (`serving/web/assets.py`).

const ready = import("./reader.js");

addEventListener("message", async ({ data: { id, task, given } }) => {
  try {
    const { tasks } = await ready;
    postMessage({ id, answer: await tasks[task](given, (progress) => postMessage({ id, progress })) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
});
