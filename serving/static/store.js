// Results that this tab keeps, so that Back and reload do not lose them. Gone with the tab.

const PREFIX = "mien:";
const PICTURES = "mien-pictures:";
const AGREED = "mien-feedback-agreed";

function ids() {
  const found = [];
  for (let index = 0; index < sessionStorage.length; index += 1) {
    const key = sessionStorage.key(index);
    if (key.startsWith(PREFIX)) found.push(Number(key.slice(PREFIX.length)));
  }
  return found.sort((one, other) => one - other);
}

// Keep a result for this entry of the tab's history; older ones make room where there is none.
export function keep(result) {
  const id = history.state?.result ?? Date.now();
  try {
    history.replaceState({ ...history.state, result: id }, "");
    for (;;) {
      try {
        sessionStorage.setItem(PREFIX + id, JSON.stringify(result));
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

function read(id, prefix = PREFIX) {
  try {
    return JSON.parse(sessionStorage.getItem(prefix + id));
  } catch {
    return null;
  }
}

// Keep what belongs to the strip of several pictures, if there is room for it.
export function keepPictures(pictures) {
  try {
    sessionStorage.setItem(PICTURES + history.state?.result, JSON.stringify(pictures));
  } catch {
    sessionStorage.removeItem(PICTURES + history.state?.result);
  }
}

export function keptPictures() {
  return history.state?.result ? read(history.state.result, PICTURES) : null;
}

// What this entry of the history showed, if it showed a result.
export function kept() {
  return history.state?.result ? read(history.state.result) : null;
}

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
  const id = ids().at(-1);
  if (id !== undefined) history.replaceState({ ...history.state, result: id }, "");
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
  sessionStorage.removeItem(AGREED);
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) || key.startsWith(PICTURES)) sessionStorage.removeItem(key);
  }
}
