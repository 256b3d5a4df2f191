"""The pictures of a trained model, shared by the commands and the report: a model in, a figure out."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from latente.data import Dataset, Split
from latente.errors import UserError
from latente.figures import grid, latent_map, manifold, rows
from latente.language import text, tr
from latente.pixels import cross_fade
from latente.training.labels import labels_of
from latente.training.run import Run

if TYPE_CHECKING:
    from latente.model.vae import VAE

MOST_LATENTS = 20
FROM_PRIOR = text("samples from the prior")
PLANE_QUANTILES = tuple(np.linspace(0.025, 0.975, 15))


def sample_figure(
    images: np.ndarray,
    run: Run,
    temperature: float,
    seed: int | None,
    what: str = FROM_PRIOR,
    label: int | None = None,
) -> Figure:
    """Samples ``(n, H, W, C)`` of the prior, or of what stands for it, in a grid that says how they were drawn.

    Those of a conditional model are of one ``label``, or of every label in turn and so in columns.
    """
    warmth = "" if temperature == 1 else text(", temperature {temperature:g}", temperature=temperature)
    about = {"run": run.name, "n": len(images), "what": what, "seed": seed, "warmth": warmth}
    title = tr("{run}: {n} {what} (seed {seed}{warmth})", **about)
    if label is not None:
        return grid(images, title=title + _as_class(run, label))
    return grid(images, len(run.classes) or None, title, run.classes)


def reconstruction_figure(vae: VAE, dataset: Dataset, run: Run, n: int = 10) -> Figure:
    """The first test images above their mean reconstructions."""
    if n < 1:
        raise UserError(f"The number of images must be at least 1. Received {n}.")
    images = np.asarray(dataset.test.images[:n])
    decoded = vae.reconstruct(images, labels_of(vae, dataset.test, slice(n)))
    title = tr("{run}: test images and their mean reconstructions", run=run.name)
    return rows({text("image"): images, text("reconstruction"): decoded}, title=title)


def interpolation_figure(path: np.ndarray, start: np.ndarray, end: np.ndarray, title: str) -> Figure:
    """A decoded path ``(steps, H, W, C)`` above the cross-fade of the two images' pixels.

    The cross-fade is the control: smooth as well, but its midpoint shows two ghosts instead of one thing.
    """
    return rows(
        {text("decoded path"): path, text("pixel cross-fade"): cross_fade(start[None], end[None], len(path))[0]},
        title=title,
        columns=[f"{step:.2f}" for step in np.linspace(0, 1, len(path))],
        column_title=tr("share of the second image"),
    )


def traversal_figure(vae: VAE, run: Run, steps: int = 11, label: int = 0) -> Figure:
    """One row per latent, the one with the largest KL first where it is known, moved through quantiles of N(0, 1).

    Of many latents, the first 20 in that order. A conditional model decodes them as one label.
    """
    if steps < 2:
        raise UserError(f"A traversal needs at least 2 steps. Received {steps}.")
    quantiles = np.linspace(0.01, 0.99, steps).tolist()
    order, kl = latents_by_kl(vae, run)
    latents = order[:MOST_LATENTS]
    which = (
        text("one latent at a time")
        if latents == order
        else text("{n} of {all} latents, one at a time", n=len(latents), all=len(order))
    )
    images = vae.traverse(latents, quantiles, labels=label if vae.classes else None)
    names = [f"z {j}" if kl is None else f"z {j} (KL {kl[j]:.2f})" for j in latents]
    known = "" if kl is None else text("; KL in nats on the validation images")
    about = {"run": run.name, "which": which, "as_class": _as_class(run, label), "known": known}
    return rows(
        dict(zip(names, images, strict=True)),
        title=tr("{run}: {which}, the others at 0{as_class}{known}", **about),
        columns=[f"{level:.2f}" for level in quantiles],
        column_title=tr("quantile of N(0, 1)"),
    )


def latents_by_kl(vae: VAE, run: Run) -> tuple[list[int], list[float] | None]:
    """The latents, those with the largest KL first where it is known for each, and that KL on validation images."""
    kl = run.epoch_of(vae).get("val_kl_per_dimension")
    return list(range(vae.latent_dim)) if kl is None else np.argsort(-np.array(kl)).tolist(), kl


def map_figure(vae: VAE, dataset: Dataset, run: Run) -> Figure:
    """Posterior means of the test images in two dimensions, by PCA where there are more than two latents."""
    codes = vae.encode(np.asarray(dataset.test.images[:]), labels=labels_of(vae, dataset.test))
    names = ("z 0", "z 1")
    if codes.shape[1] > 2 and len(codes) > 1:
        from sklearn.decomposition import PCA

        pca = PCA(2).fit(codes)
        codes = pca.transform(codes)
        first, second = pca.explained_variance_ratio_
        names = (
            tr("PCA {i} ({share:.0%} of variance)", i=1, share=first),
            tr("PCA {i} ({share:.0%} of variance)", i=2, share=second),
        )
    elif codes.shape[1] == 1:
        codes = np.column_stack([codes, np.zeros(len(codes))])
        names = ("z 0", "")
    codes = codes[:, :2]
    title = tr("{run}: codes of {n:,} test images", run=run.name, n=len(codes))
    return latent_map(codes, dataset.test.labels, dataset.class_names, names, title)


def plane_figure(vae: VAE, run: Run, label: int = 0) -> Figure:
    """The decoded plane of a model with two latents; a conditional model decodes it as one label."""
    normal = [NormalDist().inv_cdf(level) for level in PLANE_QUANTILES]
    codes = [(x, y) for y in reversed(normal) for x in normal]
    images = vae.decode(np.array(codes), label if vae.classes else None)
    title = tr("{run}: the decoded latent plane{as_class}", run=run.name, as_class=_as_class(run, label))
    return manifold(images, PLANE_QUANTILES, title)


def path_title(vae: VAE, run: Run, first: int, second: int) -> str:
    """The title of the path between two test images."""
    title = tr("{run}: from test image {first} to {second}", run=run.name, first=first, second=second)
    return title + switch_note(vae)


def switch_note(vae: VAE) -> str:
    """What a title adds where an interpolation is decoded by labels."""
    return tr("; the label is that of the nearer end") if vae.classes else ""


def _as_class(run: Run, label: int) -> str:
    """What a title adds where images are decoded as one label."""
    return tr(", label {label} ({name})", label=label, name=run.classes[label]) if run.classes else ""


def two_unlike(split: Split) -> tuple[int, int]:
    """The first image of a split, and the first of another class (or simply the next)."""
    found = unlike(split, 2)
    return found[0], found[-1]


def unlike(split: Split, most: int) -> list[int]:
    """The first image of each class, in the order of the split, or simply the first images; at most so many."""
    first = [] if split.labels is None else sorted(np.unique(split.labels, return_index=True)[1].tolist())
    return (first if len(first) > 1 else list(range(len(split))))[:most]
