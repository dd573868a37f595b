// Text in a table that no spreadsheet runs: as serving/inference/spreadsheets.py.
export function cell(text) {
  const shown = text.replace(/^(?:[\t\r\n]|[\p{Cc}\p{Cf}\p{Zs}]*[=+@\uff1d\uff0b\uff0d\uff20-])/u, "'$&");
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
