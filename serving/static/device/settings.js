// The settings below the chart, by name; beside each its value is shown.

export function readSettings(root) {
  const settings = {};
  for (const input of root.querySelectorAll("[data-setting]")) {
    settings[input.dataset.setting] = Number(input.value) * Number(input.dataset.unit ?? 1);
    input.closest("label").querySelector("output").textContent = input.value;
  }
  return settings;
}
