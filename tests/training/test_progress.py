"""What is told while a run trains: figures, speed and the time that is left, by a clock that the test sets."""

from types import SimpleNamespace

import pytest

from latente.training import progress
from latente.training.progress import Bar, Lines, clock

LOGS = {"loss": 101.25, "reconstruction": 90.04, "kl": 11.21, "active_units": 3.0}
LOGS |= {"val_elbo": -99.5, "val_reconstruction": 88.25, "val_kl": 11.25, "val_active_units": 4.0}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock, which stands at ``now``."""
    time = SimpleNamespace(now=100.0, perf_counter=lambda: time.now)
    monkeypatch.setattr(progress, "time", time)
    return time


def test_a_line_tells_the_validation_and_the_time_of_the_epochs_to_come(
    at: SimpleNamespace, capsys: pytest.CaptureFixture[str]
):
    lines = Lines(images=23, each=10, epochs=12, done=2)
    at.now += 60
    lines.on_epoch_end(3, LOGS)  # the fourth epoch, the second since: 30 seconds each, and eight to come
    assert capsys.readouterr().err == (
        "epoch  4/12 loss 101.25 val ELBO -99.5 = -(88.25 + 11.25) active 4 4m00s left\n"
    )


def test_the_bar_counts_images_over_all_epochs_and_those_of_an_epoch_by_the_second(at: SimpleNamespace):
    bar = Bar(images=23, each=10, epochs=3, done=1)
    (task,) = bar.bar.tasks
    assert (task.completed, task.total) == (23, 69)
    bar.on_epoch_begin(1)
    assert task.description == "epoch 2/3"
    at.now += 0.2
    bar.on_train_batch_end(0, LOGS)  # too soon
    assert (task.completed, task.fields["figures"]) == (23, "")
    at.now += 1.8
    bar.on_train_batch_end(1, LOGS)
    assert (task.completed, task.fields["figures"]) == (43, "loss 101.2 rec 90.0 kl 11.2 act 3 10 img/s")
    at.now += 2
    bar.on_train_batch_end(2, LOGS)  # the last, of three images
    assert (task.completed, task.fields["figures"].split(" act ")[1]) == (46, "3 6 img/s")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0s"), (59.4, "59s"), (59.6, "1m00s"), (725, "12m05s"), (3599.6, "1h00m"), (11_100, "3h05m")],
)
def test_durations(seconds: float, expected: str):
    assert clock(seconds) == expected
