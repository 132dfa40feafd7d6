"""What is learned from examples, and what each is taken for without itself."""

import numpy as np
import pytest

from worker.answering.triage.example_classifier import HARMLESS, fit, kernel, threshold

RANDOM = np.random.default_rng(7)


def rows(*, centre, count):
    found = RANDOM.normal(scale=0.15, size=(count, 6)) + centre
    return found / np.linalg.norm(found, axis=1, keepdims=True)


FEATURES = np.concatenate([rows(centre=np.eye(6)[n], count=12) for n in range(3)]).astype(np.float32)
LABELS = ["red"] * 12 + ["blue"] * 12 + [HARMLESS] * 12


def test_contrasts_of_left_out_examples_are_those_of_a_fit_without_them():
    whole = fit(FEATURES @ FEATURES.T, LABELS)
    for left_out in (0, 17, 30):
        others = [n for n in range(36) if n != left_out]
        without = fit(FEATURES[others] @ FEATURES[others].T, [LABELS[n] for n in others])
        contrasts = kernel(FEATURES[others] @ FEATURES[left_out]) @ without.weights
        assert whole.left_out[left_out] == pytest.approx(contrasts, abs=1e-3)


def test_examples_are_nearest_to_their_own_category():
    fitted = fit(FEATURES @ FEATURES.T, LABELS)
    assert fitted.categories == ("red", "blue")
    assert (fitted.left_out[:12].argmax(axis=1) == 0).all()
    assert (fitted.left_out[24:].max(axis=1) < 0).all()


def test_a_threshold_keeps_the_precision_that_is_asked_for():
    contrasts, right = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, True, False, True, True])
    assert threshold(contrasts, right, precision=1.0) == 0.8
    assert threshold(contrasts, right, precision=0.8) == 0.5
    assert threshold(contrasts, ~np.ones(5, bool), precision=0.5) == float("inf")


def test_a_wide_threshold_is_halfway_to_the_next_wrong_example_and_not_below_zero():
    right = np.array([True, True, False, True])
    assert threshold(np.array([0.9, 0.8, 0.4, 0.1]), right, precision=1.0, is_wide=True) == pytest.approx(0.6)
    assert threshold(np.array([0.9, 0.8, -0.9, -1.0]), right, precision=1.0, is_wide=True) == 0.0
    assert threshold(np.array([0.9, 0.8]), right[:2], precision=1.0, is_wide=True) == 0.0
