// Keeps what reading on this device takes, so that it works without a network after the first time.
// Pages and what may change are asked of the server first; files under a version are not.

const CACHE = {{ version | tojson }};
const FILES = {{ files | tojson }};
const FOR_GOOD = /\/static\/|\/network\.tflite$/;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const forget = async () => {
    // The site may have other applications.
    for (const name of await caches.keys()) if (name.startsWith("mien-") && name !== CACHE) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(forget());
});

async function answer(request) {
  const { pathname, search } = new URL(request.url);
  const kept = search ? undefined : await caches.match(pathname);
  if (kept && FOR_GOOD.test(pathname)) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

addEventListener("fetch", (event) => {
  const isOurs = new URL(event.request.url).origin === location.origin;
  if (event.request.method === "GET" && isOurs) event.respondWith(answer(event.request));
});
