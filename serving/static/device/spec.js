// What must be known of the loaded bundle to read faces here: `serving/web/device.py`, `device_spec`.

let loading = null;

export function specOf() {
  loading ??= fetch(new URL("../../../device/spec.json", import.meta.url))
    .then((answer) => {
      if (!answer.ok) throw new Error("The server has no model ready. Try again in a moment.");
      return answer.json();
    })
    .catch((error) => {
      loading = null;
      throw error instanceof TypeError ? new Error("The server cannot be reached. Check the connection, then try again.") : error;
    });
  return loading;
}
