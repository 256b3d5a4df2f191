"""Draws every picture in docs/pictures from real runs: ``python tools/figures.py``, or ``make figures``.

The runs go to runs/figures. Those that are there are used as they are, and an interrupted one is gone on with, so that
the same command finishes what another began. The whole takes hours on two cores; ``--only NAME`` draws one picture, and
``--quick`` goes through everything with models that have learned nothing, and writes elsewhere. The explorer's pictures
in docs/explorer are made by explorer_screenshots.py.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
TINY = {"epochs": 1, "data.subset": 600, "training.pictures_every": 0}
BETAS = {"beta": [1, 5, 10], "seed": [0, 1, 2]}
FACES = {
    "network": "ResNet",
    "network.filters": (16, 32, 64, 128),
    "latent_dim": 64,
    "batch_size": 32,
    "epochs": 12,
    "training.clip_norm": 200,
}
DEMO = {"epochs": 30, "batch_size": 16, "lr": 0.002, "latent_dim": 6, "likelihood": "Gaussian", "likelihood.std": 0.2}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    # name: data, options of latente train; those of the recipes are theirs
    "demo": ("digits", DEMO),
    "plane": ("digits", DEMO | {"latent_dim": 2}),
    "vq-vae": ("fashion-mnist", {"config": "vq-vae", "epochs": 8}),
    "fsq": ("fashion-mnist", {"config": "fsq", "epochs": 8}),
    "conditional": ("fashion-mnist", {"conditional": True, "epochs": 3}),
    "faces-bernoulli": ("celeba", FACES),
    "faces-sigma": ("celeba", FACES | {"likelihood": "Gaussian", "likelihood.scale": "global"}),
}
SWEEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "beta-garments": ("fashion-mnist", BETAS | {"epochs": 3}),
    "beta-shapes": (
        "shapes",
        BETAS | {"network": "Dense", "network.hidden": (512, 256), "epochs": 8, "data.subset": 20_000},
    ),
}
PICTURES: dict[str, Callable[[Studio], Figure | Path]] = {}


class Studio:
    """Trains what a picture needs, or finds it.

    Args:
        folder: Where the runs go.
        data_dir: Where the data files are.
        quick: Whether to train next to nothing.
    """

    def __init__(self, folder: Path, data_dir: str | None, quick: bool) -> None:
        self.folder, self.data_dir, self.quick = folder, data_dir, quick
        self.loaded: dict[str, Any] = {}

    def run(self, name: str) -> Any:
        """The run of that name: one of RUNS, or one that a recipe trains."""
        from latente.recipes import RECIPES
        from latente.training import read_file, resolve
        from latente.training.sweep import ensure_trained

        recipes = {each.name: each for recipe in RECIPES.values() for each in recipe.runs}
        data, options = (recipes[name].data, recipes[name].options) if name in recipes else RUNS[name]
        options = dict(options)
        paper = read_file(Path(options.pop("config"))) if "config" in options else {}
        place = {"data.data_dir": self.data_dir} if self.data_dir else {}
        config = resolve({"data": data, **place, **paper, **options, **(TINY if self.quick else {})})
        print(f"{name}: {self.folder / name}", file=sys.stderr, flush=True)
        return ensure_trained(config, self.folder / name, True, self.loaded)

    def sweep(self, name: str, picture: str) -> Path:
        """A picture of the comparison of a sweep's runs."""
        import latente

        data, options = SWEEPS[name]
        tiny = TINY | {"beta": [1, 5], "seed": [0]} if self.quick else {}
        place = {"data.data_dir": self.data_dir} if self.data_dir else {}
        latente.sweep(data, self.folder / name, **{**options, **place, **tiny})
        return self.folder / name / "figures" / f"{picture}.png"


def picture(name: str) -> Callable[[Callable[[Studio], Figure | Path]], Callable[[Studio], Figure | Path]]:
    """Put the function that draws a picture on the list."""

    def add(draw: Callable[[Studio], Figure | Path]) -> Callable[[Studio], Figure | Path]:
        PICTURES[name] = draw
        return draw

    return add


def sampled(name: str, run: str, n: int = 64) -> None:
    """A picture of samples."""

    @picture(name)
    def draw(studio: Studio) -> Figure:
        from latente.report.pictures import sample_figure

        found = studio.run(run)
        vae = found.model()
        return sample_figure(vae.sample(n, seed=0, labels=vae.evenly(n)), found, 1, 0)


sampled("start-samples.png", "demo")
sampled("fashion-mnist-samples.png", "homework")
sampled("vq-samples.png", "vq-vae")
sampled("fsq-samples.png", "fsq")
sampled("conditional-samples.png", "conditional", 60)
sampled("celeba-bce-samples.png", "faces-bernoulli")
sampled("celeba-sigma-samples.png", "faces-sigma")


@picture("fashion-mnist-interpolation.png")
def interpolation(studio: Studio) -> Figure:
    """The path between two garments above the cross-fade of their pixels."""
    from latente.report.pictures import interpolation_figure, two_unlike

    run = studio.run("homework")
    test = run.data().test
    first, second = two_unlike(test)
    start, end = np.asarray(test.images[[first, second]])
    path = run.model().interpolate(start, end, steps=10)
    return interpolation_figure(path, start, end, f"homework: from test image {first} to {second}")


@picture("homework-traversal.png")
def traversal(studio: Studio) -> Figure:
    """One latent of the homework at a time."""
    from latente.report.pictures import traversal_figure

    run = studio.run("homework")
    return traversal_figure(run.model(), run)


@picture("latent-plane.png")
def latent_plane(studio: Studio) -> Figure:
    """The decoded plane of a model with two latents."""
    from latente.report.pictures import plane_figure

    run = studio.run("plane")
    return plane_figure(run.model(), run)


@picture("vq-reconstructions.png")
def vq_reconstructions(studio: Studio) -> Figure:
    """Test images and what the VQ-VAE makes of them."""
    from latente.report.pictures import reconstruction_figure

    run = studio.run("vq-vae")
    return reconstruction_figure(run.model(), run.data(), run)


@picture("bound-and-samples.png")
def bound_and_samples(studio: Studio) -> Figure:
    """The importance-sampled bound of the homework, for ever more draws."""
    from latente.evaluation import log_likelihood

    run = studio.run("homework")
    vae, images = run.model(), np.asarray(run.data().test.images[: 20 if studio.quick else 500])
    counts = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    bounds = [log_likelihood(vae, images, samples=k).bound.mean() for k in counts]
    figure, axes = _axes("draws per image, K", "bound on log p(x) (nats)")
    axes.semilogx(counts, bounds, "o-", color="#22666d")
    axes.set_xticks(counts, [str(k) for k in counts], minor=False)
    axes.set_title(f"homework: {len(images):,} test images; K = 1 is the ELBO", fontsize=10)
    return figure


@picture("likelihoods.png")
def likelihoods(studio: Studio) -> Figure:
    """What each likelihood charges for a pixel of grey level 0.3, by the mean that the decoder gives it."""
    from keras import ops

    from latente.model.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian, Laplace

    outputs = {"Bernoulli": (Bernoulli(), np.linspace(-6, 6, 481)), "Laplace, std 0.1": (Laplace(), None)}
    outputs |= {"continuous Bernoulli": (ContinuousBernoulli(), np.linspace(-60, 60, 4801))}
    outputs |= {"Gaussian, std 0.1": (Gaussian(), None), "Gaussian, std 0.2": (Gaussian(std=0.2), None)}
    figure, axes = _axes("mean that the decoder gives the pixel", "-log p(0.3 given z) of the pixel (nats)")
    for name, (likelihood, output) in outputs.items():
        values = np.linspace(0, 1, 241) if output is None else output
        parameters = ops.convert_to_tensor(values.astype("float32").reshape(-1, 1, 1, 1))
        x = ops.full_like(parameters, 0.3)
        means = ops.convert_to_numpy(likelihood.mean(parameters)).ravel()
        axes.plot(means, -ops.convert_to_numpy(likelihood.log_prob(x, parameters)), label=name)
    axes.axvline(0.3, color="0.6", linestyle="dotted")
    axes.set_ylim(-2, 8)
    axes.set_xlim(0, 1)
    axes.legend(fontsize=8, frameon=False)
    return figure


@picture("beta-samples.png")
def beta_samples(studio: Studio) -> Path:
    """The same draws of the prior at beta 1, 5 and 10."""
    return studio.sweep("beta-garments", "samples")


@picture("beta-rate-and-distortion.png")
def beta_rate_and_distortion(studio: Studio) -> Path:
    """KL and reconstruction of the nine runs."""
    return studio.sweep("beta-garments", "rate-and-distortion")


@picture("beta-shapes.png")
def beta_shapes(studio: Studio) -> Path:
    """FactorVAE score and sharpness of the nine runs on shapes."""
    return studio.sweep("beta-shapes", "factor_vae-and-sharpness")


HOT = {"lr 3e-2": "collapsed", "lr 3e-2, KL warm-up": "collapsed-warm-up", "lr 1e-3": "collapsed-lr-1e-3"}
SLOW = {"four sigmoid layers": "starved", "four sigmoid layers, KL warm-up": "starved-warm-up"}


@picture("collapse-latents.png")
def collapse_latents(studio: Studio) -> Figure:
    """The latents of the collapsed run and of its cures."""
    return _latents(studio, HOT)


@picture("collapse-slow-decoder.png")
def collapse_slow_decoder(studio: Studio) -> Figure:
    """The latents of the slow decoder, without and with warm-up."""
    return _latents(studio, SLOW)


@picture("collapse-samples.png")
def collapse_samples(studio: Studio) -> Figure:
    """The same draws of the prior, decoded by the three."""
    from latente.figures import rows

    return rows({name: studio.run(run).model("last").sample(10, seed=0) for name, run in HOT.items()})


def _latents(studio: Studio, runs: dict[str, str]) -> Figure:
    from latente.evaluation import diagnose_run
    from latente.figures.diagnosis import latent_bars

    return latent_bars({name: diagnose_run(studio.run(run)).plots["latents"] for name, run in runs.items()})


def _axes(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def main() -> None:
    """Draw all pictures, or those that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", metavar="NAME", choices=PICTURES, help="this picture; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: tiny runs, pictures in build/pictures")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the data sets")
    arguments = parser.parse_args()
    beside = ROOT.parent / "shared" / "data"
    place = arguments.data_dir or os.environ.get("LATENTE_DATA_DIR") or (str(beside) if beside.is_dir() else None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["LATENTE_LANG"] = "en"
    from latente.backend import import_keras

    import_keras()
    from latente.figures import save_figure
    from latente.files import written_whole

    studio = Studio(ROOT / "runs" / ("figures-quick" if arguments.quick else "figures"), place, arguments.quick)
    folder = ROOT / "build" / "pictures" if arguments.quick else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or PICTURES:
        drawn = PICTURES[name](studio)
        if isinstance(drawn, Path):
            with written_whole(folder / name) as temporary:
                temporary.write_bytes(drawn.read_bytes())
        else:
            save_figure(drawn, folder / name)
        print(folder / name, flush=True)


if __name__ == "__main__":
    main()
