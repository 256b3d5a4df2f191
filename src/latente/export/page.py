"""A trained model as one web page: what it draws, decoded beforehand, so that it needs no server."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.errors import UserError
from latente.export.codes import draw_codes
from latente.export.sheets import sheet
from latente.files import written_whole
from latente.language import translations
from latente.model.collapse import collapsed_dimensions
from latente.report.page import render
from latente.report.pictures import latents_by_kl, unlike
from latente.training.labels import labels_of
from latente.training.public import public_config
from latente.training.run import Run

if TYPE_CHECKING:
    from latente.model.vae import VAE

LARGEST_SIDE, SMALLEST_SIDE = 21, 5
PLANE_PIXELS = 1_000_000
"""All planes together: one is 21 x 21 for small grey images, less where there are classes, or the images are large."""
STEPS = 13
"""Images along a traversal, and from one test image to the next."""
MOST_LATENTS, MOST_CLASSES = 20, 10
"""Of a conditional model, half as many latents: each is there once for every class."""
SAMPLES = 48
STOPS = 6

Json = dict[str, Any]


def export_page(run: Run, output: Path | None = None, data_dir: str | None = None) -> Path:
    """Write one HTML file that shows what a model draws: its latent plane, traversals, interpolations and samples.

    Args:
        run: The run.
        output: The file; ``export/NAME.html`` in the run directory by default.
        data_dir: Where the data files are now, when not where they were. Without them the page has no interpolation.

    Returns:
        The path of the page.

    Raises:
        UserError: The run has no model yet, or the file cannot be written.
    """
    path = output or run.export_path(f"{run.name}.html")
    if path.suffix != ".html":
        raise UserError(f"The page is one HTML file. Received {path}: name a file that ends in .html.")
    vae = run.model()
    order, kl = latents_by_kl(vae, run)
    most = MOST_LATENTS // 2 if vae.classes else MOST_LATENTS
    page = {
        "shape": vae.image_shape,
        "classes": run.classes[:MOST_CLASSES],
        "classes_left_out": max(0, len(run.classes) - MOST_CLASSES),
        "discrete": vae.discrete,
        "latents_left_out": max(0, vae.latent_dim - most),
        "spanish": _spanish(),
        "plane": _plane(vae, order),
        "traversals": _traversals(vae, order[:most], kl),
        "journey": _journey(run, vae, data_dir),
        "samples": _each_class(vae, draw_codes(run, vae, SAMPLES), 8),
        "prior": "fitted" if run.fitted_prior else type(vae.prior).__name__,
    }
    html = render("page.html.jinja", __package__, page=page, name=run.name, facts=_facts(run, vae))
    if output is None:
        path.parent.mkdir(exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _spanish() -> dict[str, str]:
    """The Spanish of the texts that the page asks for, by the English, so that it can change its language."""
    asked = "".join(Path(__file__).with_name(name).read_text("utf-8") for name in ("page.html.jinja", "page.js"))
    return {english: spanish for english, spanish in translations("es").items() if f'"{english}"' in asked}


def _facts(run: Run, vae: VAE) -> list[str]:
    config, elbo = public_config(run), run.metrics.get("elbo")
    bound, split = (elbo["value"], elbo["split"]) if elbo else (run.epoch_of(vae)["val_elbo"], "validation")
    return [
        config["data"]["name"],
        " × ".join(map(str, vae.image_shape)),
        *(config[axis]["name"] for axis in ("network", "posterior", "prior", "likelihood", "objective")),
        f"latent_dim {vae.latent_dim}",
        f"ELBO {bound:.2f} nats ({split})",
    ]


def _plane(vae: VAE, order: list[int]) -> Json | None:
    """The plane of the two latents with the largest KL, the others at 0: the upper row has the largest second one."""
    if vae.discrete or vae.latent_dim < 2:
        return None
    pixels = math.prod(vae.image_shape) * max(1, min(vae.classes, MOST_CLASSES))
    side = min(LARGEST_SIDE, max(SMALLEST_SIDE, math.isqrt(PLANE_PIXELS // pixels)))
    values = [NormalDist().inv_cdf(level) for level in np.linspace(0.025, 0.975, side)]
    codes = np.zeros((side * side, vae.latent_dim), "float32")
    codes[:, order[0]] = np.tile(values, side)
    codes[:, order[1]] = np.repeat(values[::-1], side)
    return {"latents": order[:2], "values": values, "sheets": _each_class(vae, codes, side)}


def _traversals(vae: VAE, moved: list[int], kl: list[float] | None) -> Json | None:
    """One row of images per latent, moved through quantiles of N(0, 1) with the others at 0."""
    if vae.discrete:
        return None
    values = [NormalDist().inv_cdf(level) for level in np.linspace(0.01, 0.99, STEPS)]
    codes = np.zeros((len(moved), STEPS, vae.latent_dim), "float32")
    for row, latent in enumerate(moved):
        codes[row, :, latent] = values
    dead = collapsed_dimensions(np.array(kl)) if kl else np.zeros(vae.latent_dim, bool)
    latents = [{"z": j, "kl": kl[j] if kl else None, "dead": bool(dead[j])} for j in moved]
    sheets = _each_class(vae, codes.reshape(-1, vae.latent_dim), STEPS)
    return {"latents": latents, "values": values, "sheets": sheets}


def _journey(run: Run, vae: VAE, data_dir: str | None) -> Json | None:
    """A path through the codes of test images, unlike each other where they have labels; None without the data."""
    try:
        dataset = run.data(data_dir)
    except UserError:
        return None
    test = dataset.test
    if len(test) < 2:
        return None
    stops = unlike(test, STOPS)
    images, labels = np.asarray(test.images[stops]), labels_of(vae, test, stops)
    parts = [
        vae.interpolate(images[i], images[i + 1], STEPS, labels=None if labels is None else labels[i : i + 2])
        for i in range(len(stops) - 1)
    ]
    frames = np.concatenate([part[: STEPS - 1] for part in parts] + [parts[-1][-1:]])
    names = dataset.class_names
    titles = [f"{i} ({names[test.labels[i]]})" if names and test.labels is not None else str(i) for i in stops]
    return {
        "stops": titles,
        "steps": STEPS - 1,
        "frames": sheet(frames, STEPS - 1),
        "originals": sheet(images, len(stops)),
    }


def _each_class(vae: VAE, codes: np.ndarray, columns: int) -> list[str]:
    """Codes decoded to a sheet; of a conditional model, one sheet for each class shown."""
    labels = range(min(vae.classes, MOST_CLASSES)) if vae.classes else [None]
    return [sheet(vae.decode(codes, label), columns) for label in labels]
