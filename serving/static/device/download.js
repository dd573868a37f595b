// Fetches what reading on this device takes, and tells how much of it has come.

const STEPS = 10; // in which progress is told, so that screen readers do not say every percent

async function fetchFile(url, cameMore) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}.`);
  const pieces = [];
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    pieces.push(value);
    cameMore(value.length);
  }
}

// What is said meanwhile.
export const loadingWords = (progress) => `Loading what reads faces on this device, once: ${(100 * progress).toFixed(0)} %`;

// Resolves to the bytes of some files. `tell` is called with the progress, 0 to 1; `whole` is how many
// bytes all of them have.
export async function fetchFiles(urls, whole, tell) {
  let came = 0;
  let told = 0;
  const cameMore = (more) => {
    came += more;
    const step = Math.min(STEPS, Math.floor((STEPS * came) / whole));
    if (step > told) tell(step / STEPS);
    told = step;
  };
  return Promise.all(urls.map((url) => fetchFile(url, cameMore)));
}
