"""The rules of the homework: the last that is accepted and the first that is not, of models and of controls."""

import pytest

from latente.errors import UserError
from latente.evaluation.acceptance import recognizable, smooth


def samples(confidence: float = 0.9, coverage: float = 0.9, far: float = 0.8, noise: tuple = (0.95, 0.9, 1.5)) -> dict:
    """Real images are 0.9375 sure, so that 0.75 is asked; a cross-fade is sure enough and of all classes."""
    return {
        "sample_confidence[classifier]": {
            "value": confidence,
            "samples": 1234,
            "controls": {"real images": 0.9375, "cross-fade": 0.76, "noise": noise[0]},
        },
        "class_coverage[classifier]": {
            "value": coverage,
            "controls": {"real images": 1.0, "cross-fade": 0.97, "noise": noise[1]},
        },
        "sample_distance[classifier]": {"value": far, "controls": {"noise": noise[2]}},
        "classifier_accuracy": {"value": 0.88},
    }


def paths(uneven: float = 1.5, far: float = 0.8, noise: tuple = (2.4, 1.6), space: str = "pixels") -> dict:
    return {
        f"interpolation_smoothness[{space}]": {
            "value": uneven,
            "pairs": 77,
            "controls": {"cross-fade": 1.2, "noise": noise[0]},
        },
        f"midpoint_distance[{space}]": {"value": far, "controls": {"noise": noise[1]}},
    }


@pytest.mark.parametrize(
    ("figures", "met"),
    [
        ({"confidence": 0.75}, True),
        ({"confidence": 0.749}, False),
        ({"coverage": 0.8}, True),
        ({"coverage": 0.799}, False),
        ({"far": 0.95}, True),
        ({"far": 0.951}, False),
    ],
)
def test_samples_must_be_sure_of_all_classes_and_near_real_images(figures: dict, met: bool):
    found = recognizable(samples(**figures))
    assert found.met is met
    # A classifier may be sure of ghosts and of noise, and find all classes in them: they are like no real image.
    assert found.controls == {"cross-fade": False, "noise": False}


@pytest.mark.parametrize(
    ("figures", "met"),
    [({"uneven": 2.0}, True), ({"uneven": 2.001}, False), ({"far": 0.95}, True), ({"far": 0.951}, False)],
)
def test_a_path_must_be_even_and_lead_through_real_images(figures: dict, met: bool):
    found = smooth(paths(**figures))
    assert found.met is met
    assert found.controls == {"cross-fade": False, "noise": False}


def test_noise_that_meets_a_rule_is_told():
    assert recognizable(samples(noise=(0.75, 0.8, 0.95))).controls == {"cross-fade": False, "noise": True}
    for noise in ((0.74, 0.8, 0.95), (0.75, 0.79, 0.95), (0.75, 0.8, 0.96)):
        assert recognizable(samples(noise=noise)).controls["noise"] is False
    assert smooth(paths(noise=(2.0, 0.95))).controls == {"cross-fade": False, "noise": True}
    assert smooth(paths(noise=(2.1, 0.95))).controls["noise"] is False
    assert smooth(paths(noise=(2.0, 0.96))).controls["noise"] is False


def test_the_evidence_has_each_figure_in_its_place():
    assert recognizable(samples(0.71, 0.82, 0.93)).evidence == (
        "A classifier (88% right on real test images) is 0.71 sure of 1,234 samples (real images: 0.94; at least 0.75 "
        "asked), their classes spread to 0.82 of even (at least 0.8), and in its features they are 0.93 times as far "
        "from real images as cross-fades (at most 0.95)"
    )
    assert smooth(paths(1.34, 0.56)).evidence == (
        "Over 77 random pairs the largest step is 1.34 times the mean step (at most 2 asked), and midpoints are 0.56 "
        "times as far from real images as those of a pixel cross-fade (at most 0.95 asked)"
    )


def test_a_classifiers_features_are_taken_before_pixels():
    both = paths(uneven=2.5, far=2.5) | paths(uneven=1.5, far=0.5, space="classifier")
    assert smooth(both).met
    assert not smooth(paths(uneven=1.5, far=0.5) | paths(uneven=2.5, space="classifier")).met


def test_unlabelled_data_cannot_be_judged():
    with pytest.raises(UserError, match="classifier"):
        recognizable(paths())
