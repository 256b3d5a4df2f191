"""The addresses of the service; each endpoint parses, calls a model, and answers."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from latente.serving import schemas
from latente.serving.encoded_images import EncodedImages
from latente.serving.images import image_of_test, outgoing, png_of, read_images
from latente.serving.limits import MOST_BYTES, MOST_SAMPLES
from latente.serving.loaded_model import LoadedModel
from latente.serving.refusals import NotReady, Refused, TooLarge, Unknown
from latente.serving.registry import ServedRun
from latente.serving.summary import ordered_latents, summary

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": schemas.Problem, "description": "The body is not JSON"},
    404: {"model": schemas.Problem, "description": "No such run or image"},
    409: {"model": schemas.Problem, "description": "The run has no model yet, or its data are not at hand"},
    413: {"model": schemas.Problem, "description": "The request is larger than the limits"},
    422: {"model": schemas.Problem, "description": "The request asks for what there is not"},
    429: {"model": schemas.Problem, "description": "Too many requests at the same time"},
}
router = APIRouter(prefix="/api/v1", responses=PROBLEMS, max_body_size=MOST_BYTES)


def find(run: Annotated[str, Path(max_length=255, description="Name of the run.")], request: Request) -> ServedRun:
    """The run of that name; the names are those given at the start, never paths."""
    served: dict[str, ServedRun] = request.app.state.runs
    if run not in served:
        raise Unknown(f"The runs are {', '.join(served)}. Received another name: GET /api/v1/runs lists them.")
    return served[run]


Served = Annotated[ServedRun, Depends(find)]


def load(served: Served) -> LoadedModel:
    """The model of the run."""
    return served.loaded()


Model = Annotated[LoadedModel, Depends(load)]


def encoded_images(served: Served, model: Model) -> EncodedImages:
    """The test images of the run with their codes."""
    found = model.test_images()
    if found is None:
        raise NotReady(f"The data of {served.name} are not at hand: start latente serve with --data-dir.")
    return found


Test = Annotated[EncodedImages, Depends(encoded_images)]


@router.get("/runs")
def runs(request: Request) -> list[schemas.RunSummary]:
    """All runs, in the order of the command line."""
    return [summary(served) for served in request.app.state.runs.values()]


@router.get("/runs/{run}")
def run(served: Served) -> schemas.RunSummary:
    """One run."""
    return summary(served)


@router.get("/runs/{run}/log")
def log(served: Served) -> list[dict[str, Any]]:
    """One entry for each finished epoch, the oldest first; it grows while the run is trained."""
    return [{name: _finite(value) for name, value in entry.items()} for entry in served.run.log]


@router.get("/runs/{run}/diagnosis")
def diagnosis(served: Served) -> schemas.Diagnosis | None:
    """What ``latente diagnose`` found last; null where it was not diagnosed yet: POST to this address."""
    found = served.run.metrics.get("diagnosis")
    return schemas.Diagnosis(healthy=found["value"], findings=found["findings"]) if found else None


@router.post("/runs/{run}/diagnosis")
def diagnose(served: Served, model: Model) -> schemas.Diagnosis:
    """Diagnose the run now, which takes up to a minute, and keep what was found in it."""
    return schemas.Diagnosis(**served.diagnose())


@router.get("/runs/{run}/map")
def latent_map(
    served: Served,
    test: Test,
    n: Annotated[int, Query(ge=1, le=10_000, description="At most so many test images.")] = 2000,
    x: Annotated[int | None, Query(ge=0, lt=2**31, description="A latent; with y.")] = None,
    y: Annotated[int | None, Query(ge=0, lt=2**31, description="Another latent.")] = None,
) -> schemas.LatentMap:
    """Test images on a plane: of two latents, or else of the two principal components of the codes."""
    if (x is None) != (y is None):
        raise Refused("x and y go together. Received one of them.")
    plane = test.plane(None if x is None or y is None else (x, y))
    rows = test.some(n)
    labels, names = test.split.labels, served.dataset.class_names if served.dataset else None
    return schemas.LatentMap(
        points=plane.project(test.codes[rows]).tolist(),
        indices=test.indices[rows].tolist(),
        labels=None if labels is None else labels[test.indices[rows]].tolist(),
        class_names=None if names is None else list(names),
        axes=[
            schemas.Axis(latent=latent, variance=share)
            for latent, share in zip(plane.latents or (None, None), plane.shares, strict=True)
        ],
        origin=plane.origin.tolist(),
        basis=plane.basis.tolist(),
    )


@router.get(
    "/runs/{run}/images/{index}",
    response_class=Response,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
def image(served: Served, index: Annotated[int, Path(ge=0, lt=2**31)]) -> Response:
    """A test image as PNG."""
    return Response(
        png_of(image_of_test(served, index)), media_type="image/png", headers={"Cache-Control": "max-age=60"}
    )


@router.post("/runs/{run}/encode")
def encode(served: Served, model: Model, asked: schemas.EncodeRequest) -> schemas.Encoded:
    """Codes of images: the posterior means, or one draw each."""
    images = read_images(served, asked.images)
    parameters = model.encode(images, asked.labels)
    codes = parameters.pop("mean")
    if asked.sample:
        codes = model.draw_codes(images, asked.seed, asked.labels)
    return schemas.Encoded(codes=codes.tolist(), parameters={name: each.tolist() for name, each in parameters.items()})


@router.post("/runs/{run}/decode")
def decode(model: Model, asked: schemas.DecodeRequest) -> schemas.Decoded:
    """Mean images of codes."""
    images = model.decode(_codes(model, asked.codes), asked.labels)
    return schemas.Decoded(images=outgoing(images, asked.format))


@router.post("/runs/{run}/sample")
def sample(model: Model, asked: schemas.SampleRequest) -> schemas.Sampled:
    """New images from the prior."""
    codes = model.sample_codes(asked.n, asked.temperature, asked.seed, asked.own_prior)
    labels = model.vae.evenly(asked.n) if asked.labels is None else model.vae.checked_labels(asked.labels, asked.n)
    return schemas.Sampled(
        images=outgoing(model.decode(codes, labels), asked.format),
        codes=codes.tolist(),
        labels=None if labels is None else labels.tolist(),
    )


@router.post("/runs/{run}/interpolate")
def interpolate(served: Served, model: Model, asked: schemas.InterpolateRequest) -> schemas.Interpolated:
    """Images along the path between two images."""
    ends = read_images(served, [asked.start, asked.end])
    images, codes = model.path(ends, asked.steps, asked.path, asked.labels)
    return schemas.Interpolated(images=outgoing(images, asked.format), codes=codes.tolist())


@router.post("/runs/{run}/traverse")
def traverse(served: Served, model: Model, asked: schemas.TraverseRequest) -> schemas.Traversed:
    """One row of images for each latent: it moves through quantiles of N(0, 1) while the others stay."""
    dimensions = asked.dimensions or [latent.index for latent in ordered_latents(served, model)]
    if not all(0 <= dimension < model.vae.latent_dim for dimension in dimensions):
        raise Refused(f"The latents are 0 to {model.vae.latent_dim - 1}. Received {dimensions}.")
    if len(dimensions) * asked.steps > MOST_SAMPLES:
        raise TooLarge(f"At most {MOST_SAMPLES} images. Received {len(dimensions)} latents of {asked.steps} steps.")
    centre = None if asked.centre is None else _codes(model, [asked.centre])[0]
    levels = np.linspace(0.01, 0.99, asked.steps).tolist()
    images = model.traverse(dimensions, levels, centre, asked.labels)
    return schemas.Traversed(
        dimensions=dimensions,
        values=[NormalDist().inv_cdf(level) for level in levels],
        images=[outgoing(row, asked.format) for row in images],
    )


@router.post("/runs/{run}/reconstruct")
def reconstruct(served: Served, model: Model, asked: schemas.ReconstructRequest) -> schemas.Reconstructed:
    """Images decoded from the posterior means of images."""
    images = read_images(served, asked.images)
    decoded = model.decode(model.encode(images, asked.labels)["mean"], asked.labels)
    return schemas.Reconstructed(images=outgoing(decoded, asked.format), inputs=outgoing(images, asked.format))


@router.post("/runs/{run}/score")
def score(served: Served, model: Model, asked: schemas.ScoreRequest) -> schemas.Scored:
    """The ELBO of each image, and where it stands among the test images."""
    found = model.elbo_terms(read_images(served, asked.images), asked.seed, asked.labels)
    test = model.test_images()
    percentiles = [None] * len(found.elbo) if test is None else test.percentiles(found.elbo).tolist()
    columns = zip(found.elbo, found.reconstruction, found.kl.sum(axis=1), percentiles, strict=True)
    names = ("elbo", "reconstruction", "kl", "percentile")
    return schemas.Scored(scores=[schemas.Score(**dict(zip(names, row, strict=True))) for row in columns])


@router.post("/runs/{run}/neighbours")
def neighbours(served: Served, model: Model, test: Test, asked: schemas.NeighboursRequest) -> schemas.Neighbours:
    """The test images whose codes are nearest to those of images, or to codes."""
    if (asked.images is None) == (asked.codes is None):
        raise Refused("Give images or codes. Received both or neither.")
    if asked.codes is not None:
        codes = _codes(model, asked.codes)
    else:
        codes = model.encode(read_images(served, asked.images or []), asked.labels)["mean"]
    distances, indices = test.neighbours(codes, asked.n)
    classes = test.split.labels
    labels = np.full(indices.shape, None) if classes is None else classes[indices]
    rows = zip(indices.tolist(), distances.tolist(), labels.tolist(), strict=True)
    return schemas.Neighbours(
        neighbours=[
            [schemas.Neighbour(index=i, distance=d, label=label) for i, d, label in zip(*row, strict=True)]
            for row in rows
        ]
    )


def _codes(model: LoadedModel, asked: list[list[float]]) -> np.ndarray:
    """Codes as an array, ``(n, latent_dim)``."""
    lengths = {len(code) for code in asked}
    if lengths != {model.vae.latent_dim}:
        raise Refused(f"Codes must have {model.vae.latent_dim} numbers each. Received {sorted(lengths)}.")
    return np.array(asked, "float32")


def _finite(value: Any) -> Any:
    """JSON knows no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
