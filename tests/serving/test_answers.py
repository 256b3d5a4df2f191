"""Each field of a request changes the answer as the model by hand says, and each run answers for itself."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from scipy.stats import norm, percentileofscore

from hand_made import dataset_of, hand_made
from latente.model.fitted_prior import FittedPrior
from latente.serving import create_app
from latente.training import Run

Ask = Callable[..., Any]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
FIRST = [{"test": 4}, {"test": 0}, {"test": 9}]


def pictures(files: list[str]) -> np.ndarray:
    """PNG files as levels, ``(n, H, W[, C])``."""
    return np.stack([np.asarray(Image.open(io.BytesIO(base64.b64decode(file)))) for file in files]).astype(int)


def images_of(run: Run) -> np.ndarray:
    return run.data().test.images[[each["test"] for each in FIRST]]


def test_each_run_encodes_with_its_own_weights(ask: Ask, wide: Run, colour: Run) -> None:
    found = ask("wide", "encode", images=[{"test": 4}, {"test": 6}])
    np.testing.assert_allclose(found["codes"], wide.model().encode(wide.data().test.images[[4, 6]]), **CLOSE)
    assert found["codes"].shape == (2, 4)
    labelled = ask("colour", "encode", images=FIRST, labels=[2, 0, 1])
    vae, images = colour.model(), images_of(colour)
    np.testing.assert_allclose(labelled["codes"], vae.encode(images, labels=[2, 0, 1]), **CLOSE)
    alike = ask("colour", "encode", images=FIRST, labels=1)
    np.testing.assert_allclose(alike["codes"], vae.encode(images, labels=[1, 1, 1]), **CLOSE)
    assert np.abs(labelled["codes"] - alike["codes"])[:2].max() > 0.01


def test_what_is_encoded_comes_with_its_posterior(client: TestClient, colour: Run) -> None:
    asked = {"images": FIRST, "labels": 2}
    found = client.post("/api/v1/runs/colour/encode", json=asked).json()
    assert set(found["parameters"]) == {"z_mean", "z_log_var"}
    mean, log_var = colour.model().moments(images_of(colour), labels=2)
    np.testing.assert_allclose(found["parameters"]["z_mean"], mean, **CLOSE)
    np.testing.assert_allclose(found["parameters"]["z_log_var"], log_var, **CLOSE)
    np.testing.assert_allclose(found["codes"], mean, **CLOSE)


def test_a_draw_of_the_posterior_follows_its_seed(ask: Ask, colour: Run) -> None:
    drawn = [
        ask("colour", "encode", images=[{"test": 3}] * 400, labels=2, sample=True, seed=seed)["codes"]
        for seed in (5, 6, 5)
    ]
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert (drawn[0] != drawn[1]).all()
    mean, log_var = colour.model().moments(colour.data().test.images[3:4], labels=2)
    deviation = np.exp(0.5 * log_var[0])  # 400 draws tell a mean to a twentieth of it, the deviation to a 28th
    np.testing.assert_allclose((drawn[0].mean(axis=0) - mean[0]) / deviation, 0, atol=0.25)
    np.testing.assert_allclose(drawn[0].std(axis=0) / deviation, 1, atol=0.2)
    default = ask("colour", "encode", images=[{"test": 3}], labels=2, sample=True)["codes"]
    zero = ask("colour", "encode", images=[{"test": 3}], labels=2, sample=True, seed=0)["codes"]
    np.testing.assert_array_equal(default, zero)


def test_codes_are_decoded_as_their_labels_say(ask: Ask, colour: Run) -> None:
    codes = [[1.5, -2, 0.5], [0, 0.25, 3], [-1, 1, 1]]
    expected = colour.model().decode(np.array(codes), [0, 2, 1])
    found = ask("colour", "decode", codes=codes, labels=[0, 2, 1], format="array")["images"]
    np.testing.assert_allclose(found, expected, **CLOSE)
    files = pictures(ask("colour", "decode", codes=codes, labels=[0, 2, 1])["images"])  # PNG by default
    np.testing.assert_allclose(files, 255 * expected, atol=0.51)


def test_samples_are_draws_of_the_prior_times_the_temperature(ask: Ask) -> None:
    one = ask("wide", "sample", n=1000, seed=3)["codes"]
    assert one.shape == (1000, 4)
    np.testing.assert_allclose(one.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(one.std(axis=0), 1, atol=0.12)
    np.testing.assert_allclose(ask("wide", "sample", n=1000, seed=3, temperature=2.5)["codes"], 2.5 * one, rtol=1e-5)
    assert not ask("wide", "sample", n=3, temperature=0)["codes"].any()
    np.testing.assert_array_equal(ask("wide", "sample", n=1000, seed=3)["codes"], one)
    assert (ask("wide", "sample", n=1000, seed=4)["codes"] != one).all()
    np.testing.assert_array_equal(ask("wide", "sample", n=9)["codes"], ask("wide", "sample", n=9, seed=0)["codes"])


def test_samples_are_decoded_as_every_class_in_turn_or_as_those_asked(ask: Ask, colour: Run) -> None:
    vae = colour.model()
    for labels, expected in ((None, [0, 1, 2, 0, 1]), (2, [2] * 5), ([1, 0, 2, 2, 0], [1, 0, 2, 2, 0])):
        found = ask("colour", "sample", n=5, seed=1, labels=labels, format="array")
        assert found["labels"].tolist() == expected
        np.testing.assert_allclose(found["images"], vae.decode(found["codes"], expected), **CLOSE)
    assert len(ask("colour", "sample")["images"]) == 64


def test_a_sample_of_a_model_without_classes_has_no_labels(client: TestClient) -> None:
    assert client.post("/api/v1/runs/wide/sample", json={"n": 2}).json()["labels"] is None


def test_the_fitted_prior_is_drawn_from_unless_the_models_own_is_asked_for(wide: Run) -> None:
    mean = np.array([[9.0, -9, 3, 0]])
    wide.keep_prior(FittedPrior(np.ones(1), mean, 0.01 * np.eye(4)[None]))
    try:
        with TestClient(create_app([wide])) as client:
            assert client.get("/api/v1/runs/wide").json()["fitted_prior"] is True

            def codes(**body: Any) -> np.ndarray:
                return np.array(client.post("/api/v1/runs/wide/sample", json={"n": 200, **body}).json()["codes"])

            fitted, own = codes(), codes(own_prior=True)
            np.testing.assert_allclose(fitted.mean(axis=0), mean[0], atol=0.04)
            np.testing.assert_allclose(fitted.std(axis=0), 0.1, atol=0.03)
            np.testing.assert_allclose(codes(temperature=3) - mean, 3 * (fitted - mean), atol=1e-4)
            np.testing.assert_array_equal(codes(seed=0), fitted)
            assert np.abs(codes(seed=1) - fitted).max() > 0
            np.testing.assert_allclose(own.mean(axis=0), 0, atol=0.3)
    finally:
        (wide.path / "fitted-prior.npz").unlink()


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_a_path_goes_from_code_to_code(ask: Ask, colour: Run, path: str) -> None:
    vae, (start, end) = colour.model(), colour.data().test.images[[7, 2]]
    found = ask(
        "colour", "interpolate", start={"test": 7}, end={"test": 2}, steps=5, path=path, labels=[2, 0], format="array"
    )
    first, last = vae.encode(np.stack([start, end]), labels=[2, 0])
    t = np.array([[0], [0.25], [0.5], [0.75], [1]])
    angle = np.arccos(first @ last / np.linalg.norm(first) / np.linalg.norm(last))
    shares = (
        (1 - t, t) if path == "linear" else (np.sin((1 - t) * angle) / np.sin(angle), np.sin(t * angle) / np.sin(angle))
    )
    np.testing.assert_allclose(found["codes"], shares[0] * first + shares[1] * last, **CLOSE)
    np.testing.assert_allclose(found["images"], vae.decode(found["codes"], [2, 2, 2, 0, 0]), **CLOSE)


def test_a_path_is_a_line_of_ten_images_by_default(ask: Ask) -> None:
    found = ask("wide", "interpolate", start={"test": 0}, end={"test": 1})
    assert len(found["images"]) == 10 and isinstance(found["images"][0], str)
    np.testing.assert_allclose(np.diff(found["codes"], n=2, axis=0), 0, atol=1e-6)


def test_a_traversal_moves_one_latent_and_leaves_the_others_at_the_centre(ask: Ask, colour: Run) -> None:
    found = ask("colour", "traverse", dimensions=[2, 0], steps=5, centre=[0.5, -1, 2], labels=1, format="array")
    assert found["dimensions"].tolist() == [2, 0]
    values = norm.ppf([0.01, 0.255, 0.5, 0.745, 0.99])
    np.testing.assert_allclose(found["values"], values, atol=1e-6)
    codes = [[0.5, -1, v] for v in values] + [[v, -1, 2] for v in values]
    expected = colour.model().decode(np.array(codes), 1).reshape(2, 5, 4, 2, 3)
    np.testing.assert_allclose(found["images"], expected, **CLOSE)


def test_a_traversal_takes_the_latents_by_kl_around_0_by_default(ask: Ask, wide: Run) -> None:
    found = ask("wide", "traverse")
    assert found["dimensions"].tolist() == [2, 0, 3, 1]
    np.testing.assert_allclose(found["values"], norm.ppf(np.linspace(0.01, 0.99, 11)), atol=1e-6)
    codes = np.zeros((11, 4))
    codes[:, 3] = found["values"]
    np.testing.assert_allclose(pictures(found["images"][2]), 255 * wide.model().decode(codes)[..., 0], atol=0.51)


def test_a_reconstruction_comes_with_what_the_model_saw(ask: Ask, colour: Run) -> None:
    found = ask("colour", "reconstruct", images=FIRST, labels=[1, 1, 0], format="array")
    np.testing.assert_allclose(found["inputs"], images_of(colour) / 255, atol=1e-6)
    expected = colour.model().reconstruct(images_of(colour), [1, 1, 0])
    np.testing.assert_allclose(found["images"], expected, **CLOSE)
    files = ask("colour", "reconstruct", images=FIRST, labels=[1, 1, 0])
    np.testing.assert_allclose(pictures(files["images"]), 255 * expected, atol=0.51)
    np.testing.assert_array_equal(pictures(files["inputs"]), images_of(colour))


def scores(client: TestClient, **body: Any) -> dict[str, np.ndarray]:
    found = client.post("/api/v1/runs/colour/score", json=body).json()["scores"]
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def test_a_score_has_the_kl_of_a_gaussian_and_stands_among_the_test_images(client: TestClient, colour: Run) -> None:
    labels = colour.data().test.labels
    found = scores(client, images=[{"test": i} for i in range(12)], labels=labels.tolist())
    mean, log_var = colour.model().moments(colour.data().test.images, labels)
    np.testing.assert_allclose(found["kl"], 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1), rtol=1e-4)
    np.testing.assert_allclose(found["elbo"], -found["reconstruction"] - found["kl"], rtol=1e-6)
    # These are all test images, with the draws that they are compared by: a rank each.
    ranks = [percentileofscore(found["elbo"], each, "strict") for each in found["elbo"]]
    np.testing.assert_allclose(found["percentile"], ranks, atol=100 / 12 + 1e-6)  # rounding may move one by a rank
    assert found["percentile"].max() > 90 and len(set(found["percentile"])) > 6


def test_a_score_depends_on_its_draw_and_its_labels(client: TestClient) -> None:
    asked = {"images": [{"test": 3}], "labels": 0}
    first, other, again = (scores(client, **asked, seed=seed) for seed in (8, 9, 8))
    assert again["elbo"] == pytest.approx(first["elbo"]) and other["kl"] == pytest.approx(first["kl"])
    assert other["reconstruction"] != pytest.approx(first["reconstruction"])
    assert scores(client, **asked)["elbo"] == pytest.approx(scores(client, **asked, seed=0)["elbo"])
    assert scores(client, **asked | {"labels": 1})["kl"] != pytest.approx(first["kl"])


def test_neighbours_are_the_nearest_codes_of_test_images(client: TestClient, colour: Run) -> None:
    test, vae = colour.data().test, colour.model()
    codes = vae.encode(test.images, labels=test.labels)
    asked = vae.encode(test.images[[1, 6]], labels=[2, 2])
    by_image = {"images": [{"test": 1}, {"test": 6}], "labels": 2, "n": 3}
    for body in (by_image, {"codes": asked.tolist(), "n": 3}):
        found = client.post("/api/v1/runs/colour/neighbours", json=body).json()["neighbours"]
        for row, code in zip(found, asked, strict=True):
            distances = np.linalg.norm(codes - code, axis=1)
            nearest = distances.argsort()[:3]
            assert [each["index"] for each in row] == nearest.tolist()
            assert [each["label"] for each in row] == test.labels[nearest].tolist()
            np.testing.assert_allclose([each["distance"] for each in row], distances[nearest], rtol=1e-4, atol=1e-4)
    (eight,) = client.post("/api/v1/runs/colour/neighbours", json={"codes": [[0, 0, 0]]}).json()["neighbours"]
    assert len(eight) == 8


def test_a_map_shows_so_many_test_images_with_their_labels(client: TestClient, colour: Run) -> None:
    test = colour.data().test
    codes = colour.model().encode(test.images, labels=test.labels)
    found = client.get("/api/v1/runs/colour/map", params={"n": 3, "x": 2, "y": 0}).json()
    assert found["indices"] == [0, 6, 11]  # evenly: 5.5 is rounded to the even 6
    assert found["labels"] == [2, 2, 1]
    assert found["class_names"] == ["ant", "bee", "cat"]
    np.testing.assert_allclose(found["points"], codes[[0, 6, 11]][:, [2, 0]], **CLOSE)
    assert [axis["latent"] for axis in found["axes"]] == [2, 0]
    shares = codes.var(axis=0) / codes.var(axis=0).sum()
    assert [axis["variance"] for axis in found["axes"]] == pytest.approx([shares[2], shares[0]], rel=1e-3)
    np.testing.assert_allclose(found["origin"], [0, codes[:, 1].mean(), 0], **CLOSE)
    assert found["basis"] == [[0, 0, 1], [1, 0, 0]]
    whole = client.get("/api/v1/runs/colour/map").json()
    assert whole["indices"] == list(range(12)) and [axis["latent"] for axis in whole["axes"]] == [None, None]


def test_a_file_is_read_in_colour_and_fitted_to_the_model(ask: Ask, colour: Run) -> None:
    """Three bands of an image of twice the size; a file, a data address and an array say the same."""
    image = np.zeros((4, 2, 3), "uint8")
    image[0], image[1:3], image[3] = [255, 0, 51], [0, 102, 0], [0, 0, 204]
    stream = io.BytesIO()
    Image.fromarray(image.repeat(2, axis=0).repeat(2, axis=1)).save(stream, "PNG")
    text = base64.b64encode(stream.getvalue()).decode()
    asked = [text, "data:image/png;base64," + text, {"test": 5}, (image / 255).tolist()]
    found = ask("colour", "reconstruct", images=asked, labels=0, format="array")["inputs"]
    np.testing.assert_allclose(found[[0, 1]], found[[0, 0]])
    np.testing.assert_allclose(found[2], colour.data().test.images[5] / 255, atol=1e-6)
    np.testing.assert_allclose(found[3], image / 255, atol=1e-6)
    np.testing.assert_allclose(found[0][0], found[3][0], atol=0.15)  # the edges of a band are smoothed
    np.testing.assert_allclose(found[0][3], found[3][3], atol=0.15)


def test_a_run_is_told_as_it_is(client: TestClient, wide: Run) -> None:
    latents = [(2, 2.25, False), (0, 0.5, False), (3, 0.01, False), (1, 0.0099, True)]
    assert client.get("/api/v1/runs/wide").json() == {
        "name": "wide",
        "trained": True,
        "image_shape": [3, 5, 1],
        "latent_dim": 4,
        "classes": [],
        "objective": "ELBO",
        "posterior": "DiagonalGaussian",
        "prior": "StandardNormal",
        "likelihood": "Bernoulli",
        "beta": 1.5,
        "data": "npz:/secret/cells.npz",
        "latente": wide.environment["versions"]["latente"],
        "epoch": 1,
        "epochs": 3,
        "epochs_done": 1,
        "density": True,
        "test_images": 7,
        "fitted_prior": False,
        "latents": [{"index": i, "kl": kl, "dead": dead} for i, kl, dead in latents],
    }
    other = client.get("/api/v1/runs/colour").json()
    assert other["likelihood"] == "Laplace" and other["classes"] == ["ant", "bee", "cat"]
    assert other["latents"] == [{"index": i, "kl": None, "dead": False} for i in range(3)]
    log = client.get("/api/v1/runs/wide/log").json()
    assert log[0]["kl"] is None and log[0]["loss"] is None and log[0]["val_elbo"] == -12.345


def test_a_test_image_is_a_png_that_may_be_kept_a_minute(client: TestClient, colour: Run) -> None:
    found = client.get("/api/v1/runs/colour/images/11")
    assert (found.headers["content-type"], found.headers["cache-control"]) == ("image/png", "max-age=60")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(found.content))), colour.data().test.images[11])


def test_a_diagnosis_is_kept_and_made_one_at_a_time(wide: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def to_json(self) -> dict:
            return {"healthy": False, "findings": [{"name": "sick"}], "verdict": "not told"}

    def diagnose(run: Run, data_dir: str | None) -> Found:
        asked.append((run.path, data_dir))
        if len(asked) == 1:
            busy = client.post("/api/v1/runs/wide/diagnosis")
            assert busy.status_code == 409
            assert busy.json()["detail"] == "wide is being diagnosed already. Ask for the result in a minute."
        if len(asked) == 2:
            raise ValueError("a defect")
        return Found()

    asked: list = []
    monkeypatch.setattr("latente.serving.registry.diagnose_run", diagnose)
    monkeypatch.setattr(Run, "metrics", {"diagnosis": {"value": True, "findings": [{"name": "old"}]}})
    with TestClient(create_app([wide], "/somewhere"), raise_server_exceptions=False) as client:
        address = "/api/v1/runs/wide/diagnosis"
        assert client.get(address).json() == {"healthy": True, "findings": [{"name": "old"}]}
        assert client.post(address).json() == {"healthy": False, "findings": [{"name": "sick"}]}
        assert client.post(address).status_code == 500  # and is let go
        assert client.post(address).status_code == 200
    assert asked == [(wide.path, "/somewhere")] * 3


def test_a_map_of_some_of_many_images_has_their_numbers_and_their_labels(tmp_path: Path) -> None:
    """Of 10,050 images 10,000 are encoded, so that a row among them is no number in the split."""
    many = hand_made(tmp_path / "many", dataset_of((2, 2, 1), 10_050))
    with TestClient(create_app([many])) as client:
        found = client.get("/api/v1/runs/many/map?n=3000").json()
    assert len(found["indices"]) == 3000
    assert found["indices"][-1] == 10_049
    np.testing.assert_array_equal(found["labels"], (np.array(found["indices"]) + 2) % 3)
