"""Fréchet distance of known Gaussians; precision, recall, density and coverage of sets laid by hand."""

import numpy as np
import pytest

from latente.errors import UserError
from latente.evaluation.fidelity import frechet, neighbourhoods


def test_the_frechet_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((2, 40_000, 3))
    a, b = np.array([[1.0, 0.4, 0.0], [0.0, 0.8, 0.3], [0.0, 0.0, 0.5]]), np.diag([2.0, 1.0, 0.2])
    shift = np.array([1.0, -2.0, 0.5])
    s1, s2 = a.T @ a, b @ b
    # The eigenvalues of a product of covariances are real and not negative.
    cross = np.sqrt(np.linalg.eigvals(s1 @ s2).real).sum()
    exact = shift @ shift + np.trace(s1) + np.trace(s2) - 2 * cross
    assert frechet(draws[0] @ a, draws[1] @ b + shift) == pytest.approx(exact, rel=0.02)


def test_the_frechet_distance_to_itself_is_zero_and_its_order_does_not_matter():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 80)), rng.normal(2, 3, size=(60, 80))  # fewer rows than features
    assert frechet(a, a) == pytest.approx(0, abs=1e-5)
    assert frechet(a, b) == pytest.approx(frechet(b, a))
    moved = frechet(a, a + 0.5)
    assert moved == pytest.approx(80 * 0.25, abs=1e-5)


def test_one_dimension():
    x = np.random.default_rng(0).normal(size=(30, 1))
    assert frechet(x, 3 * x) == pytest.approx(((3 - 1) * x.std(ddof=1)) ** 2 + (2 * x.mean()) ** 2)


def test_sets_laid_by_hand():
    """On the line: real 0 1 2 3 and 100 101 102 103; k = 1 gives balls of radius 1 around each."""
    real = np.array([0.0, 1, 2, 3, 100, 101, 102, 103])[:, None]
    generated = np.array([0.5, 1.5, 50.0, 50.5])[:, None]
    found = neighbourhoods(real, generated, k=1)
    assert found.precision == 0.5  # 0.5 and 1.5 lie in real balls
    assert found.recall == 3 / 8  # balls of radius 1 around 0.5 and 1.5 hold 0, 1 and 2; those around 50, 50.5 nothing
    assert found.density == (2 + 2) / 4  # 0.5 lies in the balls of 0 and 1, 1.5 in those of 1 and 2
    assert found.coverage == 3 / 8  # the balls of 0, 1 and 2


def test_equal_sets_and_distant_sets():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(300, 4))
    alike = neighbourhoods(real, rng.normal(size=(300, 4)))
    assert min(alike.precision, alike.recall, alike.coverage) > 0.85
    assert alike.density == pytest.approx(1, abs=0.1)
    far = neighbourhoods(real, real + 100)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)
    one_mode = neighbourhoods(real, 0.01 * rng.normal(size=(300, 4)))
    assert one_mode.precision > 0.95
    assert max(one_mode.recall, one_mode.coverage) < 0.5


def test_what_lies_on_the_rim_of_a_ball_is_inside_whatever_the_rounding():
    """Each ball of a set holds its k neighbours and its own centre: k + 1 copies, the farthest of them on its rim."""
    real = 100 + np.random.default_rng(0).random((200, 500), "float32")
    for copies in (real, real.astype("float64") * (1 + 1e-10), real[:, ::-1][:, ::-1].copy()):
        found = neighbourhoods(real, copies, k=5)
        assert found.density == pytest.approx(6 / 5)
        assert found.precision == found.recall == found.coverage == 1
    twice = np.repeat(real[:9], 6, axis=0)  # balls without extent, which hold the copies of their centre
    assert neighbourhoods(twice, twice, k=5).density == pytest.approx(6 / 5)


def test_unlike_features_are_refused():
    with pytest.raises(UserError, match=r"\(9, 2\) and \(9, 3\)"):
        neighbourhoods(np.zeros((9, 2)), np.zeros((9, 3)))
    with pytest.raises(UserError, match="at least 2 rows"):
        frechet(np.zeros((1, 2)), np.zeros((9, 2)))
