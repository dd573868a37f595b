// The pictures of the strip: the button of each, how far it is, what was found in it.

const OVERHEAD_BYTES = 2000; // of a form, for each file

// Make what is known of a picture of the strip; `onClick` is called with it.
export function makeEntry(file, { balance = null, crop = false, onClick }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "picture";
  const image = document.createElement("img");
  image.alt = "";
  const state = Object.assign(document.createElement("span"), { className: "state", textContent: "Waiting" });
  const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  progress.ariaLabel = `Progress of ${file.name}`;
  button.append(image, state, progress);
  button.title = file.name;
  const entry = { file, name: file.name, button, image, state, progress, answer: null, balance, crop, picture: null, copy: null, html: "" };
  button.addEventListener("click", () => onClick(entry));
  return entry;
}

export function setState(entry, text, { failed = false, done = false } = {}) {
  entry.state.textContent = text;
  entry.button.classList.toggle("failed", failed);
  entry.button.ariaLabel = `${entry.name}: ${text}`;
  entry.progress.hidden = done || failed;
}

// Show the name of a picture that the browser cannot show.
export function showName({ name, image }) {
  image.replaceWith(Object.assign(document.createElement("span"), { className: "name", textContent: name }));
}

export const isCurrent = ({ button }) => button.ariaCurrent === "true";

// Say in a few words what an answer found.
export function inWords({ faces }) {
  if (faces.length === 0) return "no face";
  const counts = new Map();
  for (const { label } of faces) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}

// Show of each picture of a request how much of it is uploaded.
export function showUpload(chunk, loaded) {
  let before = 0;
  for (const entry of chunk) {
    const { size } = entry.picture.file;
    entry.progress.value = Math.max(0, Math.min(1, (loaded - before) / size));
    if (loaded > before) setState(entry, loaded < before + size ? "Uploading" : "Looking");
    before += size;
  }
}

// As many pictures at once as one request may hold.
export function inChunks(entries, mostBytes) {
  const chunks = [[]];
  let bytes = 0;
  for (const entry of entries) {
    const size = entry.picture.file.size + OVERHEAD_BYTES;
    if (bytes + size > mostBytes && chunks.at(-1).length) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1).push(entry);
    bytes += size;
  }
  return chunks;
}
