"""What Keras users do with a VAE either works, or is refused in one sentence that says what to do."""

import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

import latente
from latente import VAE, backend
from latente.errors import UserError
from latente.model.networks import Dense

pytestmark = [  # of Keras's own, about streams of unknown length
    pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning"),
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning"),
]

SHAPE = (8, 6, 1)


def pixels(n: int = 12, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    x = np.random.default_rng(0).integers(0, 256, size=(n, *shape), dtype=np.uint8)
    x[:, :1] = 255
    return x


def bright(n: int = 12) -> np.ndarray:
    """Floats in [0, 255], as Keras's image folders give them."""
    return pixels(n).astype("float32")


def unit(n: int = 12) -> np.ndarray:
    return bright(n) / 255


EAGER = {"run_eagerly": True, "jit_compile": False}  # for a batch or two, faster than to compile


def made(shape: tuple[int, ...] = SHAPE, compiled: dict[str, Any] = EAGER, **options: Any) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(shape, **{"latent_dim": 3, "network": Dense(hidden=(6,)), **options})
    vae.compile(**{"optimizer": keras.optimizers.Adam(1e-2), "jit_compile": backend.jit_compile(), **compiled})
    return vae


def refusal(of: Callable[[], Any]) -> str:
    """The message of a ``UserError``, which must be Latente's own sentence, without what Keras adds."""
    with pytest.raises(UserError) as caught:
        of()
    message = str(caught.value)
    assert type(caught.value) in (UserError, *UserError.__subclasses__())
    assert "\x1b" not in message and "Exception encountered" not in message and "\n" not in message
    assert len(message) < 500
    return message


class Sequence(keras.utils.PyDataset):
    """Batches of 4 of an array."""

    def __init__(self, x: np.ndarray, targets: bool = False) -> None:
        super().__init__()
        self.x, self.targets = x, targets

    def __len__(self) -> int:
        return len(self.x) // 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        part = self.x[4 * index : 4 * index + 4]
        return (part, np.arange(len(part))) if self.targets else (part,)


def tf_dataset(x: np.ndarray) -> Any:
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(x).batch(4)


def labelled_tf_dataset(x: np.ndarray) -> Any:
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((x, np.arange(len(x)))).batch(4)


def loader(x: np.ndarray) -> Any:
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.arange(len(x)))
    return torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)


def generator(x: np.ndarray) -> Iterator[tuple[np.ndarray]]:
    return ((x[i : i + 4],) for i in range(0, len(x), 4))


def bare_generator(x: np.ndarray) -> Iterator[np.ndarray]:
    return (x[i : i + 4] for i in range(0, len(x), 4))


def plain_iterator(x: np.ndarray) -> Iterator[np.ndarray]:
    return iter(np.split(x, 3))


STREAMS = {
    "tf.data": tf_dataset,
    "tf.data with labels": labelled_tf_dataset,
    "PyDataset": Sequence,
    "PyDataset with targets": lambda x: Sequence(x, targets=True),
    "DataLoader": loader,
    "generator": generator,
    "generator of bare arrays": bare_generator,
    "iterator": plain_iterator,
}
each_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
each_verb = pytest.mark.parametrize("verb", ["fit", "evaluate", "predict"])


class TestStreams:
    pytestmark = pytest.mark.backend

    @each_verb
    @each_stream
    def test_pixels_out_of_range_are_refused(self, stream: Callable, verb: str):
        vae = made()
        before = vae.get_weights()
        message = refusal(lambda: getattr(vae, verb)(stream(bright()), verbose=0))
        assert "needs pixels in [0, 1]" in message and "maximum of 255" in message
        assert ".map(lambda x: x / 255)" in message and 'latente.data.load("folder:PATH")' in message
        for old, new in zip(before, vae.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @each_stream
    def test_every_batch_is_learned_from(self, stream: Callable):
        """None is lost to the look at the first."""
        vae, counted = made(), []
        count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: counted.append(batch))
        vae.fit(stream(unit()), callbacks=[count], verbose=0)
        assert counted == [0, 1, 2]
        found = vae.evaluate(stream(unit()), verbose=0, return_dict=True)
        assert found["kl"] == pytest.approx(vae.evaluate(unit(), verbose=0, return_dict=True)["kl"], rel=1e-3)
        assert vae.predict(stream(unit()), verbose=0)["z_mean"].shape == (12, 3)

    @each_stream
    def test_bytes_need_no_scaling(self, stream: Callable):
        found = made().evaluate(stream(pixels()), verbose=0, return_dict=True)
        expected = made().evaluate(unit(), verbose=0, return_dict=True)
        assert found["kl"] == pytest.approx(expected["kl"], rel=1e-3)

    @each_stream
    def test_wrong_shapes_are_refused(self, stream: Callable):
        message = refusal(lambda: made().fit(stream(np.zeros((12, 4, 6, 1), "float32")), verbose=0))
        assert message == "Images must have the shape (n, 8, 6, 1). Received (4, 4, 6, 1)."

    def test_validation_is_looked_at_before_training(self):
        vae = made()
        for validation in (generator(bright()), (bright(),), (Sequence(bright()),)):
            message = refusal(lambda given=validation: vae.fit(unit(), validation_data=given, verbose=0))
            assert "needs pixels in [0, 1]" in message
        assert int(ops.convert_to_numpy(vae.step)) == 0
        history = vae.fit(generator(unit()), validation_data=generator(unit()), verbose=0).history
        assert np.isfinite(history["val_loss"]).all()

    @pytest.mark.parametrize(
        ("steps_per_execution", "pixel", "told"),
        [
            (1, 2.5, "a minimum of 0 and a maximum of 2.5 in float32"),
            (2, 2.5, "a minimum of 0 and a maximum of 2.5 in float32"),
            (1, -0.5, "a minimum of -0.5 and a maximum of 1 in float32"),
        ],
    )
    def test_a_later_batch_is_refused_at_the_end_of_the_epoch(self, steps_per_execution: int, pixel: float, told: str):
        if steps_per_execution > 1 and keras.backend.backend() == "torch":
            pytest.skip("Keras has no steps_per_execution on PyTorch")
        x = unit(16)
        x[13, 4, 4] = pixel
        vae = made(compiled={"steps_per_execution": steps_per_execution})
        for use in (
            lambda: vae.fit(Sequence(x), epochs=2, verbose=0),
            lambda: vae.fit(Sequence(x), validation_data=(unit(),), verbose=0),
            lambda: vae.fit(unit(), validation_data=Sequence(x), verbose=0),
            lambda: vae.evaluate(Sequence(x), verbose=0),
        ):
            assert told in refusal(use)
        assert int(ops.convert_to_numpy(vae.step)) == 4 + 4 + 1  # an epoch each, not two
        vae.fit(unit(), verbose=0)  # which the refusals before do not touch

    def test_the_range_is_neither_logged_nor_saved(self, tmp_path: Path):
        vae = made()
        logs = vae.fit(unit(), verbose=0).history
        assert set(logs) == {"loss", "elbo", "reconstruction", "kl", "beta", "active_units"}
        assert len(vae.evaluate(unit(), verbose=0)) == 6
        vae.save_weights(tmp_path / "vae.weights.h5")
        import h5py

        with h5py.File(tmp_path / "vae.weights.h5") as file:
            assert len(file["pixel_range/vars"]) == 0  # as in files of before it was there


def test_looking_at_a_loader_changes_no_random_number():
    torch = pytest.importorskip("torch")
    orders = []

    class Told(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 12

        def __getitem__(self, index: int) -> tuple[Any]:
            orders[-1].append((index, np.random.random(), torch.rand(()).item()))
            return (torch.from_numpy(unit()[index]),)

    def order(use: Callable) -> list[Any]:
        orders.append([])
        np.random.seed(0)
        torch.manual_seed(0)
        own = torch.Generator().manual_seed(3)
        batches = torch.utils.data.DataLoader(Told(), batch_size=4, shuffle=True, generator=own)
        use(batches)
        return orders[-1]

    from latente.model.feeding import checked

    vae = made()

    def look_first(batches: Any) -> None:
        checked(vae, batches)
        orders[-1].clear()
        list(batches)

    assert order(look_first) == order(list)


class TestImageFolders:
    """``keras.utils.image_dataset_from_directory``, whose images are floats in [0, 255]."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for i, image in enumerate(pixels(8)):
            path = tmp_path / "photos" / f"class{i % 2}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(path)
        return tmp_path / "photos"

    @pytest.mark.parametrize("labels", ["inferred", None])
    def test_the_refusal_names_the_line_that_makes_them_work(self, folder: Path, labels: str | None):
        read = keras.utils.image_dataset_from_directory(
            folder, labels=labels, color_mode="grayscale", image_size=SHAPE[:2], batch_size=4, verbose=False
        )
        vae = made()
        line = ".map(lambda x, y: x / 255)" if labels else ".map(lambda x: x / 255)"
        assert line in refusal(lambda: vae.fit(read, verbose=0))
        losses = vae.fit(eval(f"read{line}", {"read": read}), verbose=0).history["loss"]
        assert 0 < losses[0] < 100

    def test_latentes_own_reader_needs_no_line(self, folder: Path, own_cache: Path):
        images = latente.data.load(f"folder:{folder}", size=8, validation=0, test=0).train.images
        assert 0 < made(images.shape[1:]).fit(images, verbose=0).history["loss"][0] < 500


class TestMistakes:
    """Each is refused in one sentence that says what to do."""

    pytestmark = pytest.mark.backend

    @pytest.mark.parametrize(
        ("mistake", "told"),
        [
            (lambda: VAE(28), "image_shape must be (height, width, channels), each at least 1. Received 28."),
            (lambda: VAE((28, 28)), "Received (28, 28)."),
            (lambda: VAE((8.0, 6, 1)), "Received (8.0, 6, 1)."),
            (lambda: VAE(SHAPE, "ten"), "latent_dim must be at least 1. Received 'ten'."),
            (lambda: made().traverse([3]), "The latents are 0 to 2. Received dimensions [3]."),
            (lambda: made().traverse([-1]), "Received dimensions [-1]."),
            (lambda: made().traverse(quantiles=[0, 0.5]), "quantiles lie above 0 and below 1"),
        ],
    )
    def test_numbers(self, mistake: Callable[[], Any], told: str):
        assert told in refusal(mistake)

    @each_verb
    @pytest.mark.parametrize(
        ("x", "told"),
        [
            (np.zeros((4, 4, 6, 1)), r"Images must have the shape (n, 8, 6, 1). Received (4, 4, 6, 1)."),
            (np.zeros((4, 1, 8, 6)), "channels come last, np.moveaxis(x, 1, -1)"),
            (np.zeros((4, 8, 6)), "add the axis of the channels, x[..., None]"),
            (np.zeros((8, 6, 1)), "one image is a batch of one, x[None]"),
            (np.zeros((4, 48)), "give each row its shape, x.reshape(-1, 8, 6, 1)"),
            (np.zeros((0, *SHAPE)), "Expected at least 1 image. Received none."),
            ([np.zeros((8, 6, 1)), np.zeros((8, 7, 1))], "Received the shapes (8, 6, 1), (8, 7, 1)"),
            (pixels().astype("int64"), 'pass them as uint8: x.astype("uint8")'),
            (bright(), "Divide them by 255"),
            (unit() * 2 - 1, "Shift them from [-1, 1]: (x + 1) / 2."),
            (np.full((2, *SHAPE), np.nan), "pixels that are no numbers"),
            (np.full((2, *SHAPE), "a"), "Expected an array of numbers. Received ndarray of <U1."),
            ("folder:photos", "Expected images as an array, a tf.data.Dataset"),
            ((pixels(), pixels()), "Received builtins.tuple"),
            (None, "Expected images as an array"),
            (iter([]), "Expected at least 1 batch of images. Received none."),
            ({"images": pixels()}, "knows no labels"),
        ],
        ids=lambda value: None if isinstance(value, str) else "",
    )
    def test_images(self, verb: str, x: Any, told: str):
        assert told in refusal(lambda: getattr(made(), verb)(x))

    @pytest.mark.parametrize("verb", ["encode", "reconstruct", "posterior_parameters", "train_on_batch"])
    def test_images_of_a_verb(self, verb: str):
        for x, told in [
            (np.zeros((4, 1, 8, 6)), "np.moveaxis(x, 1, -1)"),
            (np.zeros((4, 8, 6)), "x[..., None]"),
            (bright(), "Divide them by 255"),
            (np.full((2, *SHAPE), np.nan), "no numbers"),
            (np.zeros((0, *SHAPE)), "Received none"),
        ]:
            assert told in refusal(lambda given=x: getattr(made(), verb)(given))

    def test_a_shape_inside_the_model(self):
        """What no look at the first batch saw."""
        vae = made()
        assert "Received (2, 4, 6, 1)" in refusal(lambda: vae(ops.zeros((2, 4, 6, 1))))

    def test_a_data_frame(self):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(unit().reshape(12, -1))
        message = refusal(lambda: made().fit(frame, verbose=0))
        assert "x.reshape(-1, 8, 6, 1)" in message and ".to_numpy()" in message

    def test_weights_of_classes_without_classes(self):
        assert "pass sample_weight" in refusal(lambda: made().fit(pixels(), class_weight={0: 1.0}, verbose=0))
        made().fit(pixels(), np.arange(12) % 2, class_weight={0: 1.0, 1: 2.0}, verbose=0)

    @pytest.mark.parametrize("given", [{"loss": "mse"}, {"metrics": ["mae"]}, {"weighted_metrics": ["mae"]}], ids=str)
    def test_a_loss_or_metrics_of_ones_own(self, given: dict[str, Any]):
        for use in (lambda vae: vae.fit(pixels(), verbose=0), lambda vae: vae.evaluate(pixels(), verbose=0)):
            message = refusal(lambda use=use: use(made(compiled={**EAGER, **given})))
            assert "loss is its objective" in message or "A VAE logs elbo" in message

    def test_h5(self, tmp_path: Path):
        assert "saved as a .keras file" in refusal(lambda: made().save(tmp_path / "vae.h5"))
        assert list(tmp_path.iterdir()) == []


class TestWorks:
    """What worked, or now works."""

    pytestmark = pytest.mark.backend

    def test_a_list_of_images(self):
        assert made().fit(list(pixels()), verbose=0).history["loss"][0] > 0
        assert made().encode(list(pixels())).shape == (12, 3)

    @pytest.mark.parametrize("dtype", ["float64", "float16", "bool", "int32"])
    def test_other_types_of_numbers(self, dtype: str):
        x = (pixels() > 127).astype(dtype)
        expected = made().evaluate((pixels() > 127).astype("float32"), verbose=0, return_dict=True)["kl"]
        assert made().evaluate(x, verbose=0, return_dict=True)["kl"] == pytest.approx(expected, rel=1e-2)

    def test_a_batch_larger_than_the_data(self):
        vae = made()
        vae.fit(pixels(), batch_size=1000, verbose=0)
        assert int(ops.convert_to_numpy(vae.step)) == 1

    @pytest.mark.parametrize("framework", ["tensorflow", "jax", "torch"])
    def test_tensors_of_any_framework(self, framework: str):
        pytest.importorskip(framework)
        make = {
            "tensorflow": "import tensorflow as tf; t = tf.constant(x)",
            "jax": "import jax.numpy as jnp; t = jnp.asarray(x)",
            "torch": "import torch; t = torch.tensor(x, requires_grad=True)",
        }[framework]
        names: dict[str, Any] = {"x": unit()}
        exec(make, names)
        vae = made()
        np.testing.assert_allclose(vae.encode(names["t"]), vae.encode(unit()), atol=1e-6)
        np.testing.assert_allclose(vae.decode(vae.encode(names["t"])), vae.reconstruct(unit()), atol=1e-6)
        assert np.isfinite(vae.fit(names["t"], verbose=0).history["loss"]).all()

    def test_pairs(self):
        weights = np.linspace(0, 1, 12)
        for given in [(unit(), unit()), (unit(), np.arange(12)), (unit(),)]:
            history = made().fit(*given, sample_weight=weights, validation_split=0.25, verbose=0).history
            assert np.isfinite(history["val_loss"]).all()

    def test_arguments_by_position(self):
        history = made().fit(unit(), unit(), 4, 2, 0)
        assert len(history.history["loss"]) == 2

    def test_compiled_steps_of_several_batches(self):
        if keras.backend.backend() == "torch":
            pytest.skip("Keras has no steps_per_execution on PyTorch")
        history = made(compiled={"steps_per_execution": 2}).fit(unit(), batch_size=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()

    def test_callbacks(self, tmp_path: Path):
        seen: list[int] = []
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
        best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_loss", save_best_only=True)
        vae = made()
        vae.fit(unit(), validation_split=0.5, epochs=2, callbacks=[told, best], verbose=0)
        vae.fit(unit(), callbacks=told, verbose=0)
        assert seen == [0, 1, 0]
        assert (tmp_path / "best.keras").exists()

    def test_files(self, tmp_path: Path):
        vae = made()
        vae.fit(unit(), verbose=0)
        vae.save(tmp_path / "vae.keras")
        vae.save_weights(tmp_path / "vae.weights.h5")
        other = VAE(SHAPE, 3, network=Dense(hidden=(6,)))
        other.load_weights(tmp_path / "vae.weights.h5")
        for again in (latente.load(tmp_path / "vae.keras"), other):
            np.testing.assert_array_equal(again.encode(unit()), vae.encode(unit()))

    def test_the_encoder_in_a_model_of_ones_own(self):
        vae = made()
        inputs = keras.Input(SHAPE)
        outputs = keras.layers.Dense(2, activation="softmax")(vae.encoder(inputs))
        classifier = keras.Model(inputs, outputs)
        classifier.compile("adam", loss="sparse_categorical_crossentropy", jit_compile=backend.jit_compile())
        loss = classifier.fit(unit(), np.arange(12) % 2, verbose=0).history["loss"]
        assert np.isfinite(loss).all()

    def test_mixed_precision(self):
        if not backend.trains_in_bfloat16():
            pytest.skip("no bfloat16 on this processor")
        assert np.isfinite(
            made(compiled={}, dtype="mixed_bfloat16").fit(Sequence(unit()), verbose=0).history["loss"]
        ).all()

    def test_frozen_parts(self):
        vae = made()
        vae.encoder.trainable = False
        vae.compile("adam", **EAGER)
        encoder, decoder = vae.encoder.get_weights(), vae.decoder.get_weights()
        vae.fit(unit(), verbose=0)
        assert all((old == new).all() for old, new in zip(encoder, vae.encoder.get_weights(), strict=True))
        assert any((old != new).any() for old, new in zip(decoder, vae.decoder.get_weights(), strict=True))

    def test_streams_of_a_conditional_model(self):
        batch = {"images": bright(4), "labels": np.arange(4)}
        vae = made(classes=4)
        assert "needs pixels in" in refusal(lambda: vae.fit(iter([(batch,)]), verbose=0))
        wrong = {"images": unit(4), "labels": np.arange(4) + 1}
        assert "Received 1 to 4" in refusal(lambda: vae.fit(iter([(wrong,)]), verbose=0))
        assert "A conditional VAE takes" in refusal(lambda: vae.fit(iter([(unit(4), np.arange(4))]), verbose=0))
        right = {"images": unit(4), "labels": np.arange(4)}
        assert np.isfinite(vae.fit(iter([right, right]), verbose=0).history["loss"]).all()


class TestNotANumber:
    pytestmark = pytest.mark.backend

    def diverging(self) -> VAE:
        return made(compiled={"optimizer": keras.optimizers.SGD(1e30)})

    def test_the_guard_ends_fit(self):
        stopped = []
        after = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: stopped.append(epoch))
        message = refusal(
            lambda: self.diverging().fit(
                unit(), batch_size=4, epochs=3, callbacks=[latente.NonFiniteGuard(), after], verbose=0
            )
        )
        assert "Training stopped at step 2: not" in message and "(it is 1e+30)" in message
        assert stopped == []

    def test_the_guard_lets_a_good_training_be(self):
        history = made().fit(unit(), epochs=2, callbacks=[latente.NonFiniteGuard()], verbose=0).history
        assert len(history["loss"]) == 2

    def test_plain_fit_warns_once(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            self.diverging().fit(unit(), batch_size=4, epochs=3, verbose=0)
        told = [str(each.message) for each in caught if each.category is UserWarning]
        assert len(told) == 1
        assert "since epoch 1" in told[0] and "callbacks=[latente.NonFiniteGuard()]" in told[0]


class TestTensorFlow:
    """What only TensorFlow has."""

    def test_a_gradient_tape_of_ones_own(self):
        import tensorflow as tf

        vae = made()
        optimizer = keras.optimizers.Adam(1e-2)
        x = tf.constant(unit())
        losses = []
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = vae.compute_loss(x=x, y_pred=vae(x, training=True))
            optimizer.apply_gradients(
                zip(tape.gradient(loss, vae.trainable_variables), vae.trainable_variables, strict=True)
            )
            losses.append(float(loss))
        assert losses[-1] < losses[0]

    def test_a_dataset_of_unknown_or_single_sizes(self):
        import tensorflow as tf

        single = tf.data.Dataset.from_tensor_slices(unit())
        assert ".batch(128)" in refusal(lambda: made().fit(single, verbose=0))
        unknown = tf.data.Dataset.from_generator(
            lambda: iter([unit()]), output_signature=tf.TensorSpec((None, None, None, None))
        )
        assert "tf.ensure_shape(x, (None, 8, 6, 1))" in refusal(lambda: made(compiled={}).fit(unknown, verbose=0))

    def test_export(self, tmp_path: Path):
        import tensorflow as tf

        vae = made()
        vae.fit(pixels(), verbose=0)
        vae.export(tmp_path / "exported", verbose=False)
        exported = tf.saved_model.load(tmp_path / "exported")
        served = exported.serve(tf.constant(unit()))
        np.testing.assert_allclose(served["z_mean"], vae.encode(unit()), atol=1e-5)
        conditional = made(classes=2)
        conditional.export(tmp_path / "conditional", verbose=False)

    def test_a_mirrored_strategy(self):
        """Two replicas take each half of a batch: the loss is that of one, but for the noise."""
        program = """
            import latente
            import tensorflow as tf
            cpu = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
            import contextlib, keras, numpy as np
            x = (np.random.default_rng(0).integers(0, 256, (64, 8, 6, 1)) / 255).astype("float32")
            batches = tf.data.Dataset.from_tensor_slices(x).batch(16)
            found = []
            for scope in (contextlib.nullcontext(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()):
                with scope:
                    keras.utils.set_random_seed(0)
                    vae = latente.VAE((8, 6, 1), 3, network="Dense")
                    vae.compile(keras.optimizers.Adam(1e-2), jit_compile=False, run_eagerly=not found)
                losses = vae.fit(batches, epochs=2, verbose=0).history["loss"]
                found.append([*losses, vae.evaluate(batches, verbose=0)[0]])
            assert vae.predict(batches, verbose=0)["z"].shape == (64, 3)
            assert keras.ops.convert_to_numpy(vae.step) == 8
            bright = np.full_like(x[:16], 9)
            later = tf.data.Dataset.from_tensor_slices(np.concatenate([x, bright])).batch(16)
            try:
                vae.fit(later, verbose=0)
            except latente.errors.UserError as error:
                assert "maximum of 9" in str(error), error
            else:
                raise AssertionError("not refused")
            with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
                posterior = latente.model.posteriors.VectorQuantizer(width=4)
                quantized = latente.VAE((8, 6, 1), 8, network="Dense", posterior=posterior, prior="Uniform")
                quantized.compile("adam")
            try:
                quantized.fit(batches, verbose=0)
            except latente.errors.UserError as error:
                assert "2 replicas" in str(error), error
            else:
                raise AssertionError("not refused")
            print(np.array(found).tolist())
            assert np.allclose(*found, rtol=0.03)
        """
        several = os.environ | {"TF_NUM_INTEROP_THREADS": "4"}  # with one, the replicas would wait for each other
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=200, env=several
        )
        assert done.returncode == 0, done.stdout + done.stderr
