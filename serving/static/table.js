// One CSV table of several pictures, which the server writes.

import { save } from "./save.js";
import { reasonOf, say } from "./status.js";

const ADDRESS = new URL("../../table", import.meta.url);

async function makeTable(pictures) {
  const answer = await fetch(ADDRESS, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ pictures }),
  });
  if (!answer.ok) throw new Error("Load the page again, then choose the pictures anew.");
  return answer.blob();
}

// Save the table of what was read in these entries of the strip.
export async function saveTable(entries) {
  const bare = ({ chip, landmarks, transform, ...face }) => face;
  const pictures = entries
    .filter((entry) => entry.answer)
    .map(({ name, answer }) => ({ name, answer: { ...answer, faces: answer.faces.map(bare) } }));
  try {
    save(await makeTable(pictures), `${pictures.length}-pictures-mien.csv`);
  } catch (error) {
    say(`The table could not be made. ${reasonOf(error)}`, { bad: true });
  }
}
