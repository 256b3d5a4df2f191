"""What pictures show: the right series under the right name, and images of the right split in the right place."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from latente.data import Dataset, Split
from latente.figures import curves
from latente.figures.comparison import plane, rate_distortion
from latente.figures.diagnosis import diagnosis_page, latent_bars
from latente.report import comparison, html, pictures

Array = np.ndarray
KEYS = ("elbo", "reconstruction", "kl", "active_units")


def entry(epoch: int) -> dict[str, Any]:
    """Figures that are all different: tens tell which it is, a half the validation, hundreds the epoch."""
    figures = {
        f"{split}{key}": 100 * epoch + 10 * i + (0.5 if split else 0)
        for i, key in enumerate(KEYS)
        for split in ("", "val_")
    }
    return {"epoch": epoch, **figures, "beta": 0.1 * epoch, "val_kl_per_dimension": [epoch, 5.0 + epoch, 2.0 + epoch]}


def series(axes: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()}


def test_each_curve_is_drawn_under_its_name() -> None:
    panels = curves([entry(3), entry(4)], "a run").axes
    titles = ["ELBO at beta = 1 (nats)", "reconstruction (nats)", "KL (nats)", "active units"]
    for i, (axes, title) in enumerate(zip(panels, titles, strict=False)):
        assert axes.get_title() == title
        assert series(axes) == {
            "train": ([3, 4], [300 + 10 * i, 400 + 10 * i]),
            "validation": ([3, 4], [300.5 + 10 * i, 400.5 + 10 * i]),
        }
    assert panels[4].get_title() == "KL of each latent, sorted (nats)"
    assert [list(line.get_ydata()) for line in panels[4].get_lines()] == [[8, 9], [5, 6], [3, 4]]
    assert panels[5].get_title() == "beta, epoch mean"
    assert list(panels[5].get_lines()[0].get_ydata()) == pytest.approx([0.3, 0.4])


@pytest.mark.parametrize(("epochs", "marker"), [(39, "."), (40, "None")])
def test_few_epochs_are_marked(epochs: int, marker: str) -> None:
    figure = curves([entry(i) for i in range(1, epochs + 1)])
    assert figure.axes[0].get_lines()[0].get_marker() == marker


POINTS = {"A": np.array([[1.0, 20.0], [2.0, 30.0]]), "B": np.array([[3.0, 50.0]])}


@pytest.mark.parametrize("draw", [lambda: plane(POINTS, ("one", "other")), lambda: rate_distortion(POINTS)])
def test_each_run_is_a_point_of_its_group(draw: Callable[[], Any]) -> None:
    axes = draw().axes[0]
    drawn = {
        each.get_label(): np.asarray(each.get_offsets()) for each in axes.collections if each.get_label() in POINTS
    }
    for name, points in POINTS.items():
        np.testing.assert_array_equal(drawn[name], points)


def test_the_axes_of_the_planes_are_named() -> None:
    axes = plane(POINTS, ("one", "other")).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("one", "other")
    axes = rate_distortion(POINTS).axes[0]
    assert axes.get_xlabel().startswith("rate: KL")
    assert axes.get_ylabel().startswith("distortion: reconstruction")


LATENTS = {"KL": (np.array([0.5, 3.0, 0.001]), 0.01), "std": (np.array([0.7, 0.04, 0.05]), 0.1)}


def bars(axes: Any) -> list[tuple[float, bool]]:
    """Height of each bar, and whether it is red."""
    return [(bar.get_height(), bar.get_facecolor()[0] > 0.5) for bar in axes.patches]


def test_the_bars_of_latents_are_in_the_order_of_the_first_panel_and_red_where_they_are_dead() -> None:
    figure = latent_bars({"a model": LATENTS})
    for axes, expected in zip(
        figure.axes,
        ([(3, False), (0.5, False), (0.001, True)], [(0.04, True), (0.7, False), (0.05, True)]),
        strict=True,
    ):
        assert [red for _, red in bars(axes)] == [red for _, red in expected]
        assert [height for height, _ in bars(axes)] == pytest.approx([height for height, _ in expected])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "0", "2"]


def test_the_page_of_a_diagnosis_draws_each_curve_by_its_name() -> None:
    figure = diagnosis_page(
        {"images": np.zeros((2, 4, 4, 1))}, {"elbo": [-3, -2], "val_elbo": [-4, -5]}, LATENTS, "sick"
    )
    (axes,) = (each for each in figure.axes if each.get_title().startswith("training"))
    assert series(axes) == {"elbo": ([1, 2], [-3, -2]), "val_elbo": ([1, 2], [-4, -5])}


GREYS = {"train": 51, "validation": 102, "test": 204}


def grey(level: int) -> Split:
    """Images that differ in a pixel, of which the fourth is the first of another class."""
    images = np.full((12, 4, 4, 1), level, np.uint8)
    images[:, 0, 0, 0] = np.arange(12)
    return Split(images, np.array(([1, 1, 1, 0] if level == GREYS["test"] else [0, 0, 1, 1]) * 3))


DATA = Dataset("greys", *(grey(level) for level in GREYS.values()), class_names=("zero", "one"))
TEST = DATA.test.images
RUN = SimpleNamespace(
    name="run",
    classes=[],
    log=[entry(1)],
    epoch_of=lambda vae: {"val_kl_per_dimension": [1.0, 3.0, 2.0]},
    model=lambda: VAE,
    data=lambda data_dir=None: DATA,
    metrics={},
    label="A",
)


class Model:
    """A stand-in whose images tell what they were made of; it is conditional, and fails on another image's label."""

    classes, latent_dim = 2, 3
    discrete = False

    def reconstruct(self, images: Array, labels: Any = None) -> Array:
        check_labels(images, labels)
        return np.asarray(images) // 2

    def encode(self, images: Array, labels: Any = None) -> Array:
        check_labels(images, labels)
        return np.asarray(images)[:, 0, :3, 0].astype("float64") * [1, 0, 0]

    def interpolate(self, start: Array, end: Array, steps: int = 10, labels: Any = None) -> Array:
        check_labels([start, end], labels)
        return np.stack([start, end] * (steps // 2))

    def sample(self, n: int, seed: int, labels: Any = None) -> Array:
        return np.full((n, 4, 4, 1), 7, np.uint8)

    def traverse(self, latents: list[int], quantiles: list[float], labels: Any = None) -> Array:
        return np.multiply.outer(np.array(latents), np.ones((len(quantiles), 4, 4, 1)))

    def decode(self, codes: Array, labels: Any = None) -> Array:
        self.decoded = codes
        return np.zeros((len(codes), 4, 4, 1))

    def evenly(self, n: int) -> Array:
        return np.arange(n) % 2


VAE = Model()


def check_labels(images: Any, labels: Any) -> None:
    """The label of a test image follows from its first pixel."""
    np.testing.assert_array_equal(labels, [0 if image[0, 0, 0] % 4 == 3 else 1 for image in images])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Array]]:
    """The rows of each figure that is drawn."""
    seen: list[dict[str, Array]] = []

    def rows(images: dict[str, Array], *_: Any, **__: Any) -> str:
        seen.append({str(name): np.asarray(each) for name, each in images.items()})
        return "figure"

    for module in (pictures, comparison):
        monkeypatch.setattr(module, "rows", rows)
    return seen


def test_reconstructions_stand_below_the_first_test_images(shown: list[dict[str, Array]]) -> None:
    pictures.reconstruction_figure(VAE, DATA, RUN, n=5)
    np.testing.assert_array_equal(shown[0]["image"], TEST[:5])
    np.testing.assert_array_equal(shown[0]["reconstruction"], TEST[:5] // 2)


def test_a_path_stands_above_the_cross_fade_of_its_ends(shown: list[dict[str, Array]]) -> None:
    start, end = np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 255, np.uint8)
    pictures.interpolation_figure(np.full((5, 4, 4, 1), 0.1), start, end, "")
    assert (shown[0]["decoded path"] == 0.1).all()
    assert shown[0]["pixel cross-fade"][:, 0, 0, 0] == pytest.approx([0, 0.25, 0.5, 0.75, 1])


def test_traversals_have_the_latent_with_the_largest_kl_first(shown: list[dict[str, Array]]) -> None:
    pictures.traversal_figure(VAE, RUN, steps=4)
    assert list(shown[0]) == ["z 1 (KL 3.00)", "z 2 (KL 2.00)", "z 0 (KL 1.00)"]
    assert [row[0, 0, 0, 0] for row in shown[0].values()] == [1, 2, 0]


@pytest.mark.parametrize(("latents", "drawn"), [(20, 20), (21, 20)])
def test_at_most_20_latents_are_traversed(shown: list[dict[str, Array]], latents: int, drawn: int) -> None:
    many = SimpleNamespace(**vars(RUN) | {"epoch_of": lambda vae: {"val_kl_per_dimension": list(range(latents))}})
    pictures.traversal_figure(VAE, many)
    assert len(shown[0]) == drawn
    assert next(iter(shown[0])) == f"z {latents - 1} (KL {latents - 1}.00)"


def test_the_map_has_the_test_images_with_their_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(pictures, "latent_map", lambda *given: seen.extend(given))
    pictures.map_figure(VAE, DATA, RUN)
    points, labels, names, axes, title = seen
    # All of the variance lies along one line, on which the codes are 0 to 11.
    assert np.abs(points[:, 0]) == pytest.approx(np.abs(np.arange(12) - 5.5))
    assert labels is DATA.test.labels
    assert names == ("zero", "one")
    assert axes == ("PCA 1 (100% of variance)", "PCA 2 (0% of variance)")
    assert "12 test images" in title


def test_the_plane_runs_to_the_right_and_upwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "manifold", lambda *_: None)
    pictures.plane_figure(VAE, RUN)
    first, second, *_, last = VAE.decoded
    step = 0.95 / 14
    assert first == pytest.approx(norm.ppf([0.025, 0.975]))
    assert second == pytest.approx(norm.ppf([0.025 + step, 0.975]))
    assert last == pytest.approx(norm.ppf([0.975, 0.025]))


def test_a_report_has_each_picture_under_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("sample", "reconstruction", "interpolation", "traversal", "map", "plane")
    given: dict[str, tuple[Any, ...]] = {}
    for name in names:
        monkeypatch.setattr(
            pictures, f"{name}_figure", lambda *those, name=name, **_: given.update({name: those}) or name
        )
    monkeypatch.setattr(html, "curves", lambda log, title: ("curves", log))
    found = html._figures(RUN, None)
    assert found == {
        "Samples from the prior": "sample",
        "Reconstructions": "reconstruction",
        "Interpolation": "interpolation",
        "Latent traversals": "traversal",
        "Latent map": "map",
        "Training": ("curves", RUN.log),
    }
    path, start, end, title = given["interpolation"]
    # From the first test image to the first of another class.
    np.testing.assert_array_equal([start, end], TEST[[0, 3]])
    np.testing.assert_array_equal(path[:2], TEST[[0, 3]])
    assert "from test image 0 to 3" in title
    assert (given["sample"][0] == 7).all()
    assert len(given["sample"][0]) == 64
    monkeypatch.setattr(Model, "latent_dim", 2)
    assert html._figures(RUN, None)["Decoded latent plane"] == "plane"


def test_a_sheet_has_a_row_for_each_group_below_the_test_images(shown: list[dict[str, Array]]) -> None:
    groups = [SimpleNamespace(label=label, runs=[RUN]) for label in ("A: beta 1", "B: beta 5")]
    assert comparison._sheets(groups, DATA).keys() == {"Samples", "Reconstructions", "Interpolations"}
    samples, reconstructions, paths = shown
    assert list(samples) == ["A: beta 1", "B: beta 5"]
    assert all((each == 7).all() and len(each) == 10 for each in samples.values())
    assert list(reconstructions) == ["test images", "A: beta 1", "B: beta 5"]
    np.testing.assert_array_equal(reconstructions["test images"], TEST[:10])
    np.testing.assert_array_equal(reconstructions["B: beta 5"], TEST[:10] // 2)
    assert list(paths) == ["pixel cross-fade", "A: beta 1", "B: beta 5"]
    assert paths["pixel cross-fade"][[0, -1]] * 255 == pytest.approx(TEST[[0, 3]])
    np.testing.assert_array_equal(paths["A: beta 1"][:2], TEST[[0, 3]])
