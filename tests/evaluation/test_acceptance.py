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


@pytest.mark.parametrize(
    ("last", "beyond"),
    [
        ((0.7201, 0.9, 0.9), (0.7199, 0.9, 0.9)),  # 0.8 of the 0.9 of real images
        ((0.9, 0.8, 0.9), (0.9, 0.7999, 0.9)),
        ((0.9, 0.9, 0.95), (0.9, 0.9, 0.9501)),
    ],
)
def test_the_last_samples_that_are_recognizable(last: tuple[float, ...], beyond: tuple[float, ...]):
    assert recognizable(samples(*last)).met
    assert not recognizable(samples(*beyond)).met


@pytest.mark.parametrize(("last", "beyond"), [((2.0, 0.9), (2.0001, 0.9)), ((1.5, 0.95), (1.5, 0.9501))])
def test_the_last_path_that_is_smooth(last: tuple[float, float], beyond: tuple[float, float]):
    assert smooth(paths(*last)).met
    assert not smooth(paths(*beyond)).met


def test_a_control_is_judged_by_its_own_figures():
    near = samples(0.9, 0.9, 0.9)
    near["sample_distance[classifier]"]["controls"]["noise"] = 0.94
    assert recognizable(near).controls == {"cross-fade": False, "noise": True}
    even = paths(1.5, 0.9)
    even["interpolation_smoothness[pixels]"]["controls"]["noise"] = 1.9
    assert smooth(even).controls == {"cross-fade": False, "noise": False}
    even["midpoint_distance[pixels]"]["controls"]["noise"] = 0.94
    assert smooth(even).controls == {"cross-fade": False, "noise": True}


def test_a_path_is_judged_in_the_classifiers_features_where_there_are_some():
    found = paths(2.5, 0.9)
    found |= {name.replace("pixels", "classifier"): one for name, one in paths(1.5, 0.9).items()}
    assert smooth(found).met


def test_the_evidence_names_each_figure():
    assert recognizable(samples(0.81, 0.92, 0.73)).evidence == (
        "A classifier (90% right on real test images) is 0.81 sure of 1,000 samples (real images: 0.90; at least 0.72 "
        "asked), their classes spread to 0.92 of even (at least 0.8), and in its features they are 0.73 times as far "
        "from real images as cross-fades (at most 0.95)"
    )
    assert smooth(paths(1.23, 0.87)).evidence == (
        "Over 100 random pairs the largest step is 1.23 times the mean step (at most 2 asked), and midpoints are 0.87 "
        "times as far from real images as those of a pixel cross-fade (at most 0.95 asked)"
    )


def test_unlabelled_data_cannot_be_judged():
    with pytest.raises(UserError, match="classifier"):
        recognizable(paths(1, 1))
