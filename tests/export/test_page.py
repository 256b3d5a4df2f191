"""The page of a run: each picture is what the model decodes, worked out beside it."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm

from hand_made import CLASSES, dataset_of, hand_made
from latente.errors import UserError
from latente.export.page import export_page
from latente.export.sheets import sheet
from latente.model.fitted_prior import FittedPrior
from latente.training import Run

SHAPE = (4, 2, 3)


def page_of(run: Run) -> tuple[dict[str, Any], str]:
    html = export_page(run).read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="page">(.*?)</script>', html, re.DOTALL)[1]), html


def cells(address: str, shape: tuple[int, int, int]) -> np.ndarray:
    """The images of a sheet, ``(lines, columns, H, W, C)``, as levels."""
    height, width, channels = shape
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    levels = np.asarray(Image.open(io.BytesIO(content))).astype(int)
    lines, columns = levels.shape[0] // height, levels.shape[1] // width
    return levels.reshape(lines, height, columns, width, channels).swapaxes(1, 2)


def same(levels: np.ndarray, images: np.ndarray) -> None:
    """Whether levels are those of images in [0, 1]."""
    np.testing.assert_allclose(levels.reshape(images.shape), 255 * images, atol=0.51)


def test_a_sheet_has_its_images_line_by_line() -> None:
    images = np.arange(5, dtype="uint8").reshape(5, 1, 1, 1) * np.ones((1, 2, 3, 1), "uint8") + np.uint8(10)
    found = cells(sheet(images, 3), (2, 3, 1))
    assert found[..., 1, 2, 0].tolist() == [[10, 11, 12], [13, 14, 0]]
    np.testing.assert_array_equal(found[0, 1], images[1])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three classes and three latents, of which the last carries most and the first nothing."""
    entry = {"val_kl_per_dimension": [0.0099, 0.5, 2]}
    return hand_made(tmp_path / "run", dataset_of(SHAPE, 9), CLASSES, entry)


def test_the_plane_is_of_the_two_latents_that_carry_most(run: Run) -> None:
    page, _ = page_of(run)
    plane, vae = page["plane"], run.model()
    values = norm.ppf(np.linspace(0.025, 0.975, 21))
    assert plane["latents"] == [2, 1] and len(plane["sheets"]) == 3
    np.testing.assert_allclose(plane["values"], values, atol=1e-6)
    codes = np.array([[0, up, across] for up in values[::-1] for across in values])
    for label, shown in enumerate(plane["sheets"]):
        same(cells(shown, SHAPE), vae.decode(codes, label).reshape(21, 21, *SHAPE))


def test_traversals_are_ordered_by_what_the_latents_carry(run: Run) -> None:
    found, vae = page_of(run)[0]["traversals"], run.model()
    assert found["latents"] == [
        {"z": 2, "kl": 2, "dead": False},
        {"z": 1, "kl": 0.5, "dead": False},
        {"z": 0, "kl": 0.0099, "dead": True},
    ]
    values = norm.ppf(np.linspace(0.01, 0.99, 13))
    np.testing.assert_allclose(found["values"], values, atol=1e-6)
    codes = np.zeros((3, 13, 3))
    codes[0, :, 2] = codes[1, :, 1] = codes[2, :, 0] = values
    for label, shown in enumerate(found["sheets"]):
        same(cells(shown, SHAPE), vae.decode(codes.reshape(-1, 3), label).reshape(3, 13, *SHAPE))


def test_the_journey_goes_through_one_test_image_of_each_class(run: Run) -> None:
    """Labels are 2, 0, 1, 2, ...: the first of each are the test images 0, 1 and 2."""
    journey, vae, test = page_of(run)[0]["journey"], run.model(), run.data().test
    assert journey["stops"] == ["0 (cat)", "1 (ant)", "2 (bee)"] and journey["steps"] == 12
    np.testing.assert_array_equal(cells(journey["originals"], SHAPE)[0], test.images[:3])
    labels = np.array([2, 0, 1])
    codes, t = vae.encode(test.images[:3], labels=labels), np.linspace(0, 1, 13)[:, None]
    first, second = ((1 - t) * codes[i] + t * codes[i + 1] for i in (0, 1))
    nearer = [2] * 7 + [0] * 5 + [0] * 7 + [1] * 6  # the middle belongs to the first end
    frames = vae.decode(np.concatenate([first[:12], second]), nearer)
    shown = cells(journey["frames"], SHAPE)
    assert shown.shape[:2] == (3, 12)
    same(shown.reshape(36, *SHAPE)[:25], frames)
    assert not shown.reshape(36, *SHAPE)[25:].any()


def test_samples_are_of_the_prior_in_every_class(run: Run) -> None:
    page, html = page_of(run)
    assert page["prior"] == "StandardNormal"
    assert [cells(each, SHAPE).shape[:2] for each in page["samples"]] == [(6, 8)] * 3
    assert "Codes drawn from N(0, I), decoded" in html
    mean = np.array([[3.0, -1, 2]])
    run.keep_prior(FittedPrior(np.ones(1), mean, 1e-8 * np.eye(3)[None]))
    page, html = page_of(run)
    assert page["prior"] == "fitted" and "Codes drawn from a mixture fitted to those of the training images" in html
    for label, shown in enumerate(page["samples"]):
        images = run.model().decode(mean, label)
        np.testing.assert_allclose(cells(shown, SHAPE), 255 * np.broadcast_to(images, (6, 8, *SHAPE)), atol=1.01)


def test_what_is_known_of_the_run_stands_above(run: Run, tmp_path: Path) -> None:
    page, html = page_of(run)
    assert page["shape"] == [4, 2, 3] and page["classes"] == ["ant", "bee", "cat"] and page["discrete"] is False
    assert (page["classes_left_out"], page["latents_left_out"]) == (0, 0)
    facts = "npz:cells.npz · 4 × 2 × 3 · Dense · DiagonalGaussian · StandardNormal · Bernoulli · ELBO · latent_dim 3"
    assert f"{facts} · ELBO -12.35 nats (validation)" in html
    run.add_metrics({"elbo": {"value": -21.987, "split": "test", "unit": "nats", "n": 9, "seed": 0, "epoch": 1}})
    assert f"{facts} · ELBO -21.99 nats (test)" in page_of(run)[1]
    assert page["spanish"]["Samples from the prior"] == "Muestras del prior"
    with pytest.raises(UserError, match="page.txt: name a file that ends in .html."):
        export_page(run, tmp_path / "page.txt")
    assert export_page(run, tmp_path / "here.html") == tmp_path / "here.html"


@pytest.mark.parametrize(
    ("classes", "latents", "shown", "planes"), [(0, 21, 20, 1), (0, 20, 20, 1), (11, 11, 10, 10), (10, 10, 10, 10)]
)
def test_a_page_shows_20_latents_or_10_of_each_of_10_classes(
    tmp_path: Path, classes: int, latents: int, shown: int, planes: int
) -> None:
    names = [f"class {i}" for i in range(classes)]
    run = hand_made(tmp_path / "many", dataset_of((1, 2, 1), 2, None), names, latent_dim=latents)
    page, _ = page_of(run)
    assert [each["z"] for each in page["traversals"]["latents"]] == list(range(shown))
    assert page["traversals"]["latents"][0] == {"z": 0, "kl": None, "dead": False}
    assert page["latents_left_out"] == latents - shown
    assert page["classes"] == names[:10] and page["classes_left_out"] == max(0, classes - 10)
    assert len(page["plane"]["sheets"]) == len(page["samples"]) == planes


@pytest.mark.parametrize(("side", "cells_wide"), [(47, 21), (48, 20), (166, 6), (201, 5)])
def test_a_plane_has_a_million_pixels_at_most_and_25_images_at_least(
    tmp_path: Path, side: int, cells_wide: int
) -> None:
    """47 x 47 pixels fit 452 times, 48 x 48 434 times, of which 400 are a square."""
    run = hand_made(tmp_path / "large", dataset_of((side, side, 1), 2), latent_dim=2, **{"network.hidden": (2,)})
    assert len(page_of(run)[0]["plane"]["values"]) == cells_wide


def test_a_page_leaves_out_what_there_is_not(tmp_path: Path) -> None:
    alone = page_of(hand_made(tmp_path / "alone", dataset_of((1, 2, 1), 1), latent_dim=1))[0]
    assert alone["plane"] is None and alone["journey"] is None and len(alone["traversals"]["latents"]) == 1
    two = page_of(hand_made(tmp_path / "two", dataset_of((1, 2, 1), 2, None), latent_dim=2))[0]
    assert two["plane"]["latents"] == [0, 1] and two["journey"]["stops"] == ["0", "1"]
    gone = hand_made(tmp_path / "gone", dataset_of((1, 2, 1), 2), latent_dim=2)
    page, html = page_of(Run(gone.path))
    assert page["journey"] is None and "The test images were not at hand" in html
