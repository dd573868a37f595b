"""Specs of bundles that are as the tests want them."""

from dataclasses import replace

from preprocessing.bundle.spec import ModelSpec


def sure_from(spec: ModelSpec, confidence: float) -> ModelSpec:
    """Return a spec by which an answer is sure from this confidence on, at any class balance."""
    answer = spec.answer
    calibrations = tuple(replace(each, sure_confidence=confidence) for each in answer.calibrations)
    answer = replace(answer, calibrations=calibrations)
    return replace(spec, outputs=spec.outputs | {spec.answers_with: answer})
