"""Importing Keras quietly, on the backend that is there, and choosing what suits the device."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from latente.errors import UserError
from latente.extras import install

MODULES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
"""Keras backend: the module it needs, in the order in which Latente prefers them."""


def prefer_onednn() -> None:
    """Have TensorFlow compute with oneDNN's kernels, unless the user's environment says otherwise.

    Its own default leaves them off on processors without AVX512_VNNI or AMX, where they train the lesson's model at
    least 1.5 times as fast. TensorFlow reads the variable when it is imported: import Latente before Keras.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def import_keras() -> None:
    """Import Keras without the log lines of its backend; later plain imports then find it loaded.

    ``KERAS_BACKEND`` chooses the backend. When it is not set and TensorFlow is not installed, the first backend that
    is installed is taken.

    Raises:
        UserError: No backend is installed.
    """
    if "keras" in sys.modules:
        return
    if "KERAS_BACKEND" not in os.environ:
        installed = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
        if not installed:
            raise UserError(f"Latente needs TensorFlow, JAX or PyTorch. Install one: {install('tensorflow')}")
        if "tensorflow" not in installed:
            os.environ["KERAS_BACKEND"] = installed[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_stderr_held():
        importlib.import_module("keras")


@contextlib.contextmanager
def native_stderr_held() -> Iterator[None]:
    """Hold back what native code writes to stderr, and let it out if the block fails.

    TensorFlow prints its oneDNN notice when it is imported, through a logger that no environment variable silences;
    Keras imports it for saving a model even when it computes on another backend.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def device() -> str:
    """The first device that the backend computes on, such as ``cpu:0`` or ``gpu:0``."""
    import keras

    if keras.backend.backend() != "torch":
        return keras.distribution.list_devices()[0]
    import torch  # Keras lists no devices for PyTorch

    if torch.cuda.is_available():
        return "cuda:0"
    return "mps:0" if torch.backends.mps.is_available() else "cpu:0"


def has_accelerator() -> bool:
    """Whether the backend computes on a GPU or TPU."""
    return not device().startswith("cpu")


UNKNOWN_MEMORY = 2**32
"""Bytes, where an accelerator does not tell how many it has."""


def memory() -> int | None:
    """Bytes of memory that the accelerator has, or has left, for the backend; None where it computes on the CPU."""
    import keras

    if not has_accelerator():
        return None
    if keras.backend.backend() == "jax":
        import jax

        return (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit", UNKNOWN_MEMORY)
    if keras.backend.backend() == "torch":
        import torch

        cuda = torch.cuda.is_available()
        return torch.cuda.mem_get_info()[0] if cuda else torch.mps.recommended_max_memory()
    return UNKNOWN_MEMORY


def jit_compile() -> bool:
    """Whether to compile with XLA: on an accelerator, where it helps; on a CPU it costs TensorFlow a factor of 1.6."""
    import keras

    return keras.backend.backend() == "jax" or (keras.backend.backend() == "tensorflow" and has_accelerator())


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors as one graph, which spares passes over memory; as it is on PyTorch.

    What it reads besides its arguments, such as weights, must not change between calls.
    """
    import keras

    graph = function
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        graph = tf.function(function, reduce_retracing=True, jit_compile=jit_compile())
    elif keras.backend.backend() == "jax":
        import jax

        graph = jax.jit(function)
    return multiplying("float32")(graph)


@contextlib.contextmanager
def multiplying(precision: str) -> Iterator[None]:
    """Within it, float32 is multiplied in full; with 'tf32', in TF32 where the device has it. Decorates functions too.

    NVIDIA's GPUs multiply 10 of the 23 bits of each factor faster, and do so unasked: all that TensorFlow and JAX
    multiply, and PyTorch's convolutions. The setting is the process's; what it was before comes back at the end.
    """
    import keras

    tf32 = precision == "tf32"
    with contextlib.ExitStack() as settings:
        if keras.backend.backend() == "jax":
            import jax

            settings.enter_context(jax.default_matmul_precision("tensorfloat32" if tf32 else "float32"))
        elif keras.backend.backend() == "tensorflow":
            from tensorflow.config import experimental as config

            settings.callback(config.enable_tensor_float_32_execution, config.tensor_float_32_execution_enabled())
            config.enable_tensor_float_32_execution(tf32)
        else:
            from torch.backends import cuda, cudnn, mkldnn

            gpu, cpu = (cuda.matmul, cudnn.conv), (mkldnn.matmul, mkldnn.conv)
            for operation in gpu + cpu:
                settings.callback(setattr, operation, "fp32_precision", operation.fp32_precision)
                operation.fp32_precision = "tf32" if tf32 and operation in gpu else "ieee"
        yield


@contextlib.contextmanager
def keras_config(name: str, value: str) -> Iterator[None]:
    """Within it, a global setting of Keras, such as ``dtype_policy``, has that value, whatever the user's is."""
    from keras import config

    before = getattr(config, name)()
    getattr(config, f"set_{name}")(value)
    try:
        yield
    finally:
        getattr(config, f"set_{name}")(before)


def strategy_scope(model: Any) -> contextlib.AbstractContextManager[Any]:
    """Where variables of that model are made: within the ``tf.distribute`` strategy that it was made in, if any."""
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's models alone have one
    return strategy.scope() if strategy else contextlib.nullcontext()


def replicas_of(model: Any) -> int:
    """How many copies of that model are trained together, by the strategy that it was made in."""
    strategy = getattr(model, "distribute_strategy", None)
    return strategy.num_replicas_in_sync if strategy else 1


def replicas() -> int:
    """How many copies of the model take the current step together: more than 1 within a ``tf.distribute`` strategy."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def precision(asked: str) -> str:
    """The precision asked for; for 'auto', bfloat16 where the hardware multiplies it faster, else float32.

    Raises:
        UserError: bfloat16 is asked for where the backend cannot train in it.
    """
    if asked == "bfloat16":
        check_bfloat16()
    if asked != "auto":
        return asked
    import keras

    # XLA does not use the CPU's bfloat16 units: on JAX without an accelerator it is the slower choice.
    fast = has_accelerator() or (_cpu_has_bfloat16() and keras.backend.backend() != "jax")
    return "bfloat16" if fast else "float32"


def check_bfloat16() -> None:
    """Refuse to compute in bfloat16 where the backend cannot train in it.

    Raises:
        UserError: It cannot.
    """
    if not trains_in_bfloat16():
        raise UserError(
            "bfloat16 needs a GPU, or a processor with AVX-512 that oneDNN may use. Received one without, or with "
            f"ONEDNN_MAX_CPU_ISA={os.environ.get('ONEDNN_MAX_CPU_ISA', '')}: take --precision float32 or auto."
        )


def trains_in_bfloat16() -> bool:
    """Whether the backend can.

    PyTorch's convolutions on a processor without AVX-512 fail in their gradients. TensorFlow asks the processor alone,
    and where oneDNN is told to leave its AVX-512 alone, the process is aborted.
    """
    import keras

    if has_accelerator():
        return True
    if keras.backend.backend() == "torch":
        import torch

        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return keras.backend.backend() != "tensorflow" or not _cpu_flags() & {"avx512f"} or _onednn_takes_avx512()


def _cpu_has_bfloat16() -> bool:
    return bool(_cpu_flags() & {"avx512_bf16", "amx_bf16"}) and _onednn_takes_avx512()


def _onednn_takes_avx512() -> bool:
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    return allowed in ("", "ALL", "DEFAULT") or allowed.startswith(("AVX512", "AVX10"))


def _cpu_flags() -> set[str]:
    """What the processor can do; nothing where that cannot be read, as on other systems than Linux."""
    try:
        return set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return set()
