// Results that this tab keeps, so that Back and reload do not lose them. Gone with the tab.

const PREFIX = "mien:";
const PICTURES = "mien-pictures:";
const AGREED = "mien-feedback-agreed";
// Of all scripts; their addresses have it. What is kept of a result of another version need not fit these.
export const VERSION = import.meta.url.split("/").at(-2);
let current = null; // the result that is shown, or was last
let version = VERSION; // the server's, when it gave that

function ids() {
  const found = [];
  for (let index = 0; index < sessionStorage.length; index += 1) {
    const key = sessionStorage.key(index);
    if (key.startsWith(PREFIX)) found.push(Number(key.slice(PREFIX.length)));
  }
  return found.sort((one, other) => one - other);
}

// Keep a result for this entry of the tab's history, or where it is of another picture than the entry
// shows, for a new one, so that Back leads to the picture before. Older ones make room where there is none.
export function keep(result, { isOther, madeBy = VERSION }) {
  version = madeBy;
  const before = history.state?.result;
  const id = isOther ? Date.now() : (before ?? Date.now());
  current = id;
  try {
    if (before && isOther) history.pushState({ result: id }, "");
    else history.replaceState({ ...history.state, result: id }, "");
    for (;;) {
      try {
        write(PREFIX + id, result);
        // A strip of before does not belong to it.
        sessionStorage.removeItem(PICTURES + id);
        return;
      } catch {
        const [oldest] = ids().filter((each) => each !== id);
        sessionStorage.removeItem(PREFIX + (oldest ?? id));
        sessionStorage.removeItem(PICTURES + (oldest ?? id));
        if (oldest === undefined) return;
      }
    }
  } catch {
    // A browser that is told to keep nothing keeps nothing.
  }
}

function write(key, value) {
  sessionStorage.setItem(key, JSON.stringify({ version, value }));
}

function read(id, prefix = PREFIX) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(prefix + id));
    return [VERSION, version].includes(kept.version) ? kept.value : null;
  } catch {
    return null;
  }
}

// Keep what belongs to the strip of several pictures, if there is room for it.
export function keepPictures(pictures) {
  const key = PICTURES + history.state?.result;
  try {
    sessionStorage.removeItem(key);
    write(key, pictures);
  } catch {
    // There is no room, or the browser is told to keep nothing.
  }
}

export function keptPictures() {
  return showedResult() ? read(history.state.result, PICTURES) : null;
}

// What this entry of the history showed, if it showed a result that is still kept.
export function kept() {
  const result = showedResult() ? read(history.state.result) : null;
  if (result) current = history.state.result;
  return result;
}

export const showedResult = () => Boolean(history.state?.result);

// The last result of this tab, wherever it was shown.
export function lastKept() {
  try {
    const id = ids().at(-1);
    return id === undefined ? null : read(id);
  } catch {
    return null;
  }
}

// A jump within the page makes an entry of the history that shows the same result.
export function keepOn() {
  if (current !== null) history.replaceState({ ...history.state, result: current }, "");
}

// Whether the person agreed that what they say of faces is kept.
export function hasAgreed() {
  try {
    return sessionStorage.getItem(AGREED) !== null;
  } catch {
    return false;
  }
}

export function keepConsent() {
  try {
    sessionStorage.setItem(AGREED, "1");
  } catch {
    // Such a browser asks each time.
  }
}

export function forgetAll() {
  try {
    sessionStorage.removeItem(AGREED);
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) || key.startsWith(PICTURES)) sessionStorage.removeItem(key);
    }
  } catch {
    // Where the browser is told to keep nothing, nothing is kept.
  }
}
