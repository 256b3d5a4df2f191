"""A run in TensorBoard and in MLflow, read back with their own readers."""

import re
import shutil
import sys
from pathlib import Path

import pytest

import latente
from latente.errors import UserError
from latente.extras import install
from latente.training import Run, resume
from latente.training.run import Json
from latente.training.trackers.tracker import tracked

OPTIONS = {"epochs": 2, "batch_size": 256, "latent_dim": 3, "network": "Dense", "network.hidden": (16,)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two epochs in TensorBoard, stopped before the second was recorded and resumed."""
    pytest.importorskip("tensorboard")
    path = tmp_path_factory.mktemp("runs") / "run"
    record = Run.record

    def stop(self: Run, entry: Json) -> list[Json]:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt
        return record(self, entry)

    options = {"training.track": "tensorboard", "training.pictures_every": 1, **OPTIONS}
    with pytest.MonkeyPatch.context() as patch:
        # Warnings, which are text, stand in the log too.
        patch.setattr("latente.training.health.collapse_warning", lambda log: "the latents die")
        with pytest.MonkeyPatch.context() as second, pytest.raises(KeyboardInterrupt):
            second.setattr(Run, "record", stop)
            latente.train("digits", path, progress=False, **options)
        return resume(path, progress=False)


def test_tensorboard_reads_scalars_histograms_pictures_and_the_config(run: Run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

    events = EventAccumulator(str(run.events)).Reload()
    tags = events.Tags()
    assert set(tags["images"]) == {"samples", "reconstructions"}
    assert set(tags["scalars"]) == set(run.log[0]) - {"epoch", "val_kl_per_dimension", "warnings"}
    assert [(each.step, each.value) for each in events.Scalars("val_elbo")] == [
        (entry["epoch"], pytest.approx(entry["val_elbo"])) for entry in run.log
    ]
    assert [each.step for each in events.Images("samples")] == [1, 2]
    assert events.Images("samples")[1].encoded_image_string == run.picture_path("samples", 2).read_bytes()
    assert [each.step for each in events.Tensors("val_kl_per_dimension")] == [1, 2]
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    known = parse_session_start_info_plugin_data(content).hparams
    assert known["latent_dim"].number_value == 3
    assert known["network.hidden"].string_value == "[16]"
    assert known["likelihood.name"].string_value == "Bernoulli"


def test_mlflow_reads_metrics_parameters_and_pictures(run: Run, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient()
    with pytest.raises(KeyboardInterrupt), tracked(run, "mlflow") as (tracker,):
        tracker.send(run.log[0], run.pictures(1))
        raise KeyboardInterrupt
    (broken,) = client.search_runs([client.get_experiment_by_name("latente").experiment_id])
    assert broken.info.status == "FAILED"
    with tracked(run, "mlflow") as (tracker,):
        tracker.send(run.log[1], run.pictures(2))
    (found,) = client.search_runs([broken.info.experiment_id])
    assert (found.info.run_name, found.info.status) == ("run", "FINISHED")
    assert found.data.params["network.hidden"] == "[16]"
    assert [(each.step, each.value) for each in client.get_metric_history(found.info.run_id, "val_elbo")] == [
        (entry["epoch"], entry["val_elbo"]) for entry in run.log
    ]
    assert found.data.metrics["val_kl_per_dimension/2"] == run.log[1]["val_kl_per_dimension"][2]
    sent = {Path(each.path).name for each in client.list_artifacts(found.info.run_id, "figures")}
    assert sent == {path.name for epoch in (1, 2) for path in run.pictures(epoch).values()}


def test_a_store_that_fails_on_the_way_does_not_stop_the_training(run: Run, tmp_path, monkeypatch, caplog):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    run.add_tracking(mlflow="gone")
    with pytest.raises(UserError, match="Run 'gone' not found"), tracked(run, "mlflow"):
        pass
    monkeypatch.setattr(Run, "tracking", {})
    with tracked(run, "mlflow") as (tracker,):
        shutil.rmtree(tmp_path / "store")
        tracker.send(run.log[0], {})
    assert "Not sent: --training.track mlflow needs a store" in caplog.text


def test_a_store_that_mlflow_refuses_is_told_before_anything_is_made(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    with pytest.raises(UserError, match="needs a store that MLflow can write. Received: .*Set MLFLOW_TRACKING_URI"):
        latente.train("digits", tmp_path / "run", progress=False, **{"training.track": "mlflow", **OPTIONS})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("track", ["tensorboard", "mlflow"])
def test_a_missing_library_is_told_before_anything_is_made(tmp_path, monkeypatch, track):
    for name in [name for name in sys.modules if name.partition(".")[0] == track]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, track, None)
    with pytest.raises(UserError, match=rf"--training.track {track} needs .* {re.escape(install(track))}"):
        latente.train("digits", tmp_path / "run", progress=False, **{"training.track": track, **OPTIONS})
    assert list(tmp_path.iterdir()) == []
