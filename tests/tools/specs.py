"""Specs of bundles, changed for a test."""

from dataclasses import replace

from preprocessing.bundle.spec import ModelSpec


def with_sure_confidence(spec: ModelSpec, confidence: float) -> ModelSpec:
    """Let a bundle be sure from another confidence on, at every class balance."""
    calibrations = tuple(
        replace(each, sure_confidence=confidence) for each in spec.answer.calibrations
    )
    answer = replace(spec.answer, calibrations=calibrations)
    return replace(spec, outputs={**spec.outputs, spec.answers_with: answer})
