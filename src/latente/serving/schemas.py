"""What goes in and out of the service; the OpenAPI document is made from these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from latente.serving.limits import FARTHEST, MOST_ROWS, MOST_SAMPLES, MOST_STEPS

Latent = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]
Code = Annotated[list[Latent], Field(min_length=1, max_length=4096)]
Pixel = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Array = Annotated[list[list[list[Pixel]]], Field(description="Height, width, channels; pixels in [0, 1].")]
File = Annotated[
    str, Field(min_length=1, description="PNG, JPEG, WebP, GIF or BMP in base64; of several frames the first.")
]
Seed = Annotated[int, Field(ge=0, lt=2**31, description="Seed of every draw: two requests agree.")]
Label = Annotated[int, Field(ge=0, lt=2**31)]
Format = Annotated[Literal["png", "array"], Field(description="PNG in base64, or nested lists of pixels in [0, 1].")]
Images = list[str] | list[list[list[list[float]]]]


class Request(BaseModel):
    """A request's body: unknown names are refused, and a text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OfTest(Request):
    """An image of the run's test split."""

    test: int = Field(ge=0, lt=2**31, description="Its number.")


Image = File | Array | OfTest
SomeImages = Annotated[list[Image], Field(min_length=1, max_length=MOST_ROWS)]
SomeCodes = Annotated[list[Code], Field(min_length=1, max_length=MOST_ROWS)]
SomeLabels = Annotated[
    Label | Annotated[list[Label], Field(min_length=1, max_length=MOST_SAMPLES)] | None,
    Field(description="Of a conditional model: the class of all, or of each."),
]


class EncodeRequest(Request):
    """Images to encode."""

    images: SomeImages
    labels: SomeLabels = None
    sample: bool = Field(default=False, description="One draw of the posterior for each image, not its mean.")
    seed: Seed = 0


class DecodeRequest(Request):
    """Codes to decode."""

    codes: SomeCodes
    labels: SomeLabels = None
    format: Format = "png"


class SampleRequest(Request):
    """How to draw from the prior."""

    n: int = Field(default=64, ge=1, le=MOST_SAMPLES)
    temperature: float = Field(default=1, ge=0, le=100, allow_inf_nan=False)
    seed: Seed = 0
    labels: SomeLabels = Field(default=None, description="Of a conditional model; every class in turn by default.")
    own_prior: bool = Field(default=False, description="The model's own prior, also where another one was fitted.")
    format: Format = "png"


class InterpolateRequest(Request):
    """Two images and the path between them."""

    start: Image
    end: Image
    steps: int = Field(default=10, ge=2, le=MOST_STEPS)
    path: Literal["linear", "spherical"] = "linear"
    labels: SomeLabels = None
    format: Format = "png"


class TraverseRequest(Request):
    """Which latents to move, around which code."""

    dimensions: Annotated[list[int], Field(min_length=1, max_length=MOST_STEPS)] | None = Field(
        default=None, description="The latents with the largest KL first by default."
    )
    steps: int = Field(default=11, ge=2, le=MOST_STEPS)
    centre: Code | None = Field(default=None, description="Where the other latents stay; 0 by default.")
    labels: Label | None = None
    format: Format = "png"


class ReconstructRequest(Request):
    """Images to encode and decode."""

    images: SomeImages
    labels: SomeLabels = None
    format: Format = "png"


class ScoreRequest(Request):
    """Images whose bound is asked for."""

    images: SomeImages
    labels: SomeLabels = None
    seed: Seed = 0


class NeighboursRequest(Request):
    """Images or codes whose neighbours are asked for."""

    images: SomeImages | None = None
    codes: SomeCodes | None = None
    labels: SomeLabels = None
    n: int = Field(default=8, ge=1, le=MOST_STEPS)


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Health(BaseModel):
    """That the service is there."""

    status: Literal["ok"]


class LatentSummary(BaseModel):
    """One latent."""

    index: int
    kl: float | None = Field(description="Mean KL over the validation images, nats; null where it has no such part.")
    dead: bool


class RunSummary(BaseModel):
    """A run and what can be asked of it."""

    name: str
    trained: bool
    image_shape: list[int]
    latent_dim: int
    classes: list[str] = Field(description="Of a conditional model.")
    objective: str
    posterior: str
    prior: str
    likelihood: str
    beta: float | None
    data: str
    latente: str = Field(description="The version that made it.")
    epoch: int | None = Field(description="Of the weights in use.")
    epochs: int = Field(description="Planned.")
    epochs_done: int
    density: bool = Field(description="Whether codes are continuous.")
    test_images: int | None = Field(description="Null where the data are not at hand.")
    fitted_prior: bool
    latents: list[LatentSummary] = Field(description="The largest KL first; empty for discrete codes.")


class Diagnosis(BaseModel):
    """The verdict of ``latente diagnose``."""

    healthy: bool
    findings: list[dict[str, Any]] = Field(
        description="Texts in English; in the other languages under translations, where this version diagnosed."
    )


class Axis(BaseModel):
    """A direction in the latent space."""

    latent: int | None = Field(description="The latent along it; null for a principal component.")
    variance: float = Field(description="The share of the codes' variance along it.")


class LatentMap(BaseModel):
    """Test images on a plane of the latent space: (a, b) is the code origin + a * basis[0] + b * basis[1]."""

    points: list[list[float]]
    indices: list[int]
    labels: list[int] | None
    class_names: list[str] | None
    axes: list[Axis]
    origin: list[float]
    basis: list[list[float]]


class Encoded(BaseModel):
    """Codes and the parameters of the posterior."""

    codes: list[list[float]]
    parameters: dict[str, list[Any]]


class Decoded(BaseModel):
    """Images."""

    images: Images


class Sampled(Decoded):
    """Images with the draws that they were decoded from."""

    codes: list[list[float]]
    labels: list[int] | None


class Interpolated(Decoded):
    """Images along a path, and their codes."""

    codes: list[list[float]]


class Traversed(BaseModel):
    """One row of images for each latent."""

    dimensions: list[int]
    values: list[float]
    images: list[Images]


class Reconstructed(Decoded):
    """Reconstructions, and the images as the model saw them."""

    inputs: Images


class Score(BaseModel):
    """The bound on log p(x) of one image and its parts, in nats."""

    elbo: float
    reconstruction: float
    kl: float
    percentile: float | None = Field(description="Share of the test images with a lower bound, in percent.")


class Scored(BaseModel):
    """One score for each image."""

    scores: list[Score]


class Neighbour(BaseModel):
    """A test image near a code."""

    index: int
    distance: float
    label: int | None


class Neighbours(BaseModel):
    """The neighbours of each image or code, the nearest first."""

    neighbours: list[list[Neighbour]]
