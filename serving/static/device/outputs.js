// From logits to probabilities. Mirrors `preprocessing.bundle.outputs`.

function interpolate(at, places, values) {
  const after = places.findIndex((place) => place >= at);
  if (after <= 0) return values[after === 0 ? 0 : values.length - 1];
  const progress = (at - places[after - 1]) / (places[after] - places[after - 1]);
  return values[after - 1] + progress * (values[after] - values[after - 1]);
}

// As `OutputSpec.calibration`; without a balance at the output's own.
export function calibration({ calibrations, balance }, wanted = null) {
  const at = wanted ?? balance;
  const balances = calibrations.map((each) => each.balance);
  const of = (name) => interpolate(at, balances, calibrations.map((each) => each[name]));
  return { balance: at, temperature: of("temperature"), sureConfidence: of("sure_confidence") };
}

// As `to_probabilities`.
export function softmax(scaled) {
  const most = Math.max(...scaled);
  const raised = scaled.map((each) => Math.exp(each - most));
  const sum = raised.reduce((one, other) => one + other);
  return raised.map((each) => each / sum);
}

// As `balanced_probabilities`.
export function probabilities(logits, output, wanted = null) {
  const { temperature, balance } = calibration(output, wanted);
  return softmax(logits.map((logit, index) => logit / temperature - balance * Math.log(output.class_shares[index])));
}
