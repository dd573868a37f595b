// A picture as the browser holds it: its preview, a copy for the screen, and a smaller one to send.

const SCREEN_SIDE_PX = 1280;
// Of the longest side that every browser draws.
const MOST_SIDE_PX = 8192;
const COPY_QUALITY = 0.85;
const SENT_QUALITY = 0.92;
// Room for what a form adds, and for what a browser counts otherwise.
const ROOM = 0.95;
// Kinds of picture that one browser or another shows and the server does not read, by ending or type.
const FOREIGN = /[./](?:jxl|jp2|jpx|pdf|svg(?:\+xml)?)$/i;

function load(url) {
  return new Promise((resolve) => {
    const image = new Image();
    image.addEventListener("load", () => resolve(image));
    image.addEventListener("error", () => resolve(null));
    image.src = url;
  });
}

// Draw a picture no larger than asked for; what shines through it is white, as on the server.
function draw(image, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

const toBlob = (canvas, quality) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));

// Open a file. `image` is null where the browser cannot show such a picture, as most cannot HEIC.
export async function openPicture(file, { name = file.name } = {}) {
  const url = URL.createObjectURL(file);
  const image = await load(url);
  if (!image) URL.revokeObjectURL(url);
  return { file, name, url: image && url, image, note: "" };
}

// A copy for the screen: upright, for a browser's own turning of pictures does not reach SVG everywhere.
// It has as many pixels as a square of that side, so that faces in a panorama can be seen too.
export async function screenCopy({ image }, side_px = SCREEN_SIDE_PX) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(1, side_px / Math.sqrt(width * height), MOST_SIDE_PX / Math.max(width, height));
  return draw(image, scale).toDataURL("image/jpeg", COPY_QUALITY);
}

// By how much a picture is to be drawn larger or smaller. What is drawn of lines may have any size.
function fittingScale({ file, image, name }, maxPixels) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const isDrawing = /svg/i.test(file.type || name);
  const wanted = isDrawing ? Math.max(1, SCREEN_SIDE_PX / Math.max(width, height)) : 1;
  return Math.min(wanted, Math.sqrt((ROOM * maxPixels) / (width * height)));
}

// Draw a picture anew that is over the server's limits, or of a kind that it does not read. Return others
// as they are.
export async function withinLimits(picture, { maxBytes, maxPixels }) {
  const { file, image, name } = picture;
  if (!image) return picture;
  const pixels = image.naturalWidth * image.naturalHeight;
  const isForeign = FOREIGN.test(file.type) || FOREIGN.test(name);
  if (!isForeign && file.size <= maxBytes && pixels <= maxPixels) return picture;
  let scale = fittingScale(picture, maxPixels);
  for (let tries = 0; tries < 6; tries += 1, scale *= 0.7) {
    const canvas = draw(image, scale);
    const blob = await toBlob(canvas, SENT_QUALITY);
    if (!blob || blob.size > ROOM * maxBytes) continue;
    const drawn = await openPicture(new File([blob], name, { type: "image/jpeg" }));
    const mega = (count) => (count / 1e6).toPrecision(2);
    drawn.note = isForeign
      ? " (converted in your browser)"
      : ` (shrunk in your browser from ${mega(pixels)} to ${mega(canvas.width * canvas.height)} megapixels)`;
    return drawn;
  }
  return picture;
}

// A file again, out of what was kept of it.
export function fileOf(dataUrl, name) {
  const [head, encoded] = dataUrl.split(",");
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  return new File([bytes], name, { type: head.slice(5).split(";")[0] });
}
