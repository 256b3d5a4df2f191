"""The rules of the homework: what meets them, what must not."""

import pytest

from latente.errors import UserError
from latente.evaluation.acceptance import recognizable, smooth


def samples(confidence: float, coverage: float, far: float) -> dict:
    return {
        "sample_confidence[classifier]": {
            "value": confidence,
            "samples": 1000,
            "controls": {"real images": 0.9, "cross-fade": 0.75, "noise": 0.95},
        },
        "class_coverage[classifier]": {
            "value": coverage,
            "controls": {"real images": 1.0, "cross-fade": 0.95, "noise": 0.9},
        },
        "sample_distance[classifier]": {"value": far, "controls": {"noise": 1.5}},
        "classifier_accuracy": {"value": 0.9},
    }


def paths(uneven: float, far: float) -> dict:
    controls = {"cross-fade": 1.2, "noise": 2.4}
    return {
        "interpolation_smoothness[pixels]": {"value": uneven, "pairs": 100, "controls": controls},
        "midpoint_distance[pixels]": {"value": far, "controls": {"noise": 1.6}},
    }


@pytest.mark.parametrize(
    ("figures", "met"),
    [((0.8, 0.9, 0.8), True), ((0.5, 0.9, 0.8), False), ((0.9, 0.3, 0.8), False), ((0.9, 0.9, 1.1), False)],
)
def test_samples_must_be_sure_of_all_classes_and_near_real_images(figures: tuple[float, ...], met: bool):
    found = recognizable(samples(*figures))
    assert found.met is met
    # A classifier may be sure of ghosts and of noise, and find all classes in them: they are like no real image.
    assert found.controls == {"cross-fade": False, "noise": False}
    assert f"{figures[0]:.2f} sure" in found.evidence


@pytest.mark.parametrize(("uneven", "far", "met"), [(1.5, 0.8, True), (2.5, 0.8, False), (1.2, 1.1, False)])
def test_a_path_must_be_even_and_lead_through_real_images(uneven: float, far: float, met: bool):
    found = smooth(paths(uneven, far))
    assert found.met is met
    assert found.controls == {"cross-fade": False, "noise": False}


def test_unlabelled_data_cannot_be_judged():
    with pytest.raises(UserError, match="classifier"):
        recognizable(paths(1, 1))
