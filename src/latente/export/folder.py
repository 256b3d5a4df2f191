"""The two halves of a trained model in a folder that other programs can use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.backend import native_stderr_held
from latente.errors import UserError
from latente.export import networks
from latente.export.codes import draw_codes
from latente.export.conversion import check_installed, convert
from latente.export.parity import BATCHES, Arrays, differences, halves_of, opened
from latente.files import folder_written_whole
from latente.pixels import byte_scale, unit_scale
from latente.report.page import render
from latente.training.labels import labels_of
from latente.training.public import public_config
from latente.training.run import CONFIG, Run
from latente.version import __version__

if TYPE_CHECKING:
    from latente.model.vae import VAE

SUFFIX = {"keras": ".keras", "onnx": ".onnx", "saved-model": ""}
"""What a file name of each format ends in; a SavedModel is a folder."""
CODES = "codes.npy"
DRAWS = 1000
MOST = max(BATCHES)

Json = dict[str, Any]


def export_folder(run: Run, format: str, output: Path | None = None, data_dir: str | None = None) -> tuple[Path, Json]:
    """Write encoder and decoder of a run, and compare them with the trained model.

    Args:
        run: The run.
        format: ``keras``, ``onnx`` or ``saved-model``.
        output: The folder to make; ``export/FORMAT`` in the run directory by default.
        data_dir: Where the data files are now, when not where they were.

    Returns:
        The folder, and what its ``config.json`` says, among it how far the exported model differs from the trained.

    Raises:
        UserError: The run has no model yet, a library is missing, or the folder cannot be written.
        RuntimeError: The exported model does not compute what the trained one does.
    """
    check_installed(format)
    vae = run.model()
    inputs, whose = _inputs(run, vae, data_dir)
    path = output or run.export_path(format)
    # Keras imports TensorFlow to write a file, whatever the backend; it says so on stderr.
    with folder_written_whole(path, replace=output is None) as folder, native_stderr_held():
        description = {**_about(run, vae, format), **_halves(vae, format, folder), "compared_on": f"{MOST} {whose}"}
        for name, trained in halves_of(vae).items():
            found = differences(trained, opened(format, folder / description[name]["file"]), inputs[name])
            description[name]["largest_difference"] = found
        if description["prior"]["codes"]:
            np.save(folder / CODES, draw_codes(run, vae, DRAWS), allow_pickle=False)
        (folder / CONFIG).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(render("readme.md.jinja", __package__, **description), encoding="utf-8")
    return path, description


def _halves(vae: VAE, format: str, folder: Path) -> dict[str, Json]:
    """Write both halves; file, inputs and outputs of each."""
    halves = {"encoder": networks.encoder(vae), "decoder": networks.decoder(vae)}
    for name, model in halves.items():
        model.save(folder / f"{name}.keras")
    if format != "keras":
        convert(format, folder)
        for name in halves:
            (folder / f"{name}.keras").unlink()
    return {
        name: {
            "file": name + SUFFIX[format],
            "inputs": {x.name: {"shape": ["n", *x.shape[1:]], "dtype": x.dtype} for x in model.inputs},
            "outputs": {key: {"shape": ["n", *x.shape[1:]], "dtype": x.dtype} for key, x in model.output.items()},
        }
        for name, model in halves.items()
    }


def _inputs(run: Run, vae: VAE, data_dir: str | None) -> tuple[dict[str, Arrays], str]:
    """What to compare the halves on, 64 rows each, and what the images are: of the test split where it is at hand."""
    n = MOST
    codes = draw_codes(run, vae, n)
    labels: Any = vae.evenly(n)
    images, whose = unit_scale(byte_scale(vae.decode(codes, labels))), "samples of the model"
    try:
        test = run.data(data_dir).test
    except UserError:
        test = None
    if test is not None and len(test) >= n:
        images, whose = unit_scale(test.images[:n]), "test images"
        labels = labels_of(vae, test, slice(n))
    classes = {} if labels is None else {"labels": np.asarray(labels, "int32")}
    return {"encoder": {"images": images, **classes}, "decoder": {"codes": codes, **classes}}, whose


def _about(run: Run, vae: VAE, format: str) -> Json:
    """What a user of the folder needs to know of the run."""
    normal = type(vae.prior).__name__ == "StandardNormal" and run.fitted_prior is None
    kind = "the mixture fitted to the codes" if run.fitted_prior else type(vae.prior).__name__
    return {
        "latente": __version__,
        "run": run.name,
        "data": public_config(run)["data"]["name"],
        "format": format,
        "image_shape": list(vae.image_shape),
        "latent_dim": vae.latent_dim,
        "classes": run.classes,
        "code": "codes" if vae.discrete else "z_mean",
        "prior": {"kind": "N(0, I)" if normal else kind, "codes": None if normal else CODES},
        "posterior": type(vae.posterior).__name__,
        "likelihood": vae.likelihood_name,
        "validation_elbo": run.epoch_of(vae)["val_elbo"],
        "metrics": {name: {k: metric[k] for k in ("value", "unit", "split", "n")} for name, metric in _figures(run)},
    }


def _figures(run: Run) -> list[tuple[str, Json]]:
    """The bound and its two parts, where the run was evaluated on its test images."""
    return [(name, run.metrics[name]) for name in ("elbo", "reconstruction", "kl") if name in run.metrics]
