"""Image files in requests and answers: which are read, what becomes of their pixels, and what is said of others."""

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from latente.serving.images import outgoing, read_files
from latente.serving.refusals import Refused, TooLarge

LEVELS = np.array([[0, 60, 120], [255, 180, 30]], "uint8")


def file(format: str, *frames: np.ndarray, **options: object) -> str:
    stream = io.BytesIO()
    first, *others = [Image.fromarray(frame) for frame in frames]
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(stream, format, **more, **options)
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
    ("format", "options", "off"),
    [("PNG", {}, 0), ("BMP", {}, 0), ("GIF", {}, 0), ("WEBP", {"lossless": True}, 0), ("JPEG", {"quality": 100}, 8)],
)
def test_five_formats_are_read(format: str, options: dict, off: int) -> None:
    (image,) = read_files([file(format, LEVELS, **options)], (2, 3, 1))
    assert (image.shape, image.dtype) == ((2, 3, 1), np.float32)
    np.testing.assert_allclose(255 * image[..., 0], LEVELS, atol=off + 1e-3)


def test_no_other_format_is_read() -> None:
    with pytest.raises(Refused) as refused:
        read_files([file("TIFF", LEVELS)], (2, 3, 1))
    told = "An image file must be one of PNG, JPEG, WEBP, GIF, BMP. Received none of these."
    assert (str(refused.value), refused.value.status) == (told, 422)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    (image,) = read_files([file("GIF", LEVELS, 255 - LEVELS)], (2, 3, 1))
    np.testing.assert_allclose(255 * image[..., 0], LEVELS, atol=1e-3)


def test_levels_are_stretched_as_those_of_the_training_images() -> None:
    (image,) = read_files([file("PNG", LEVELS)], (2, 3, 1), (60, 180))
    np.testing.assert_allclose(image[..., 0], [[0, 0, 0.5], [1, 1, 0]], atol=0.003)


def test_files_keep_their_order_and_share_the_pixels() -> None:
    found = read_files([file("PNG", LEVELS), "data:image/png;base64," + file("PNG", 255 - LEVELS)], (2, 3, 1))
    np.testing.assert_allclose(255 * np.stack(found)[..., 0], [LEVELS, 255 - LEVELS], atol=1e-3)


def test_what_is_no_base64_and_what_is_damaged_is_told() -> None:
    with pytest.raises(Refused) as refused:
        read_files(["not/base:64"], (2, 3, 1))
    assert str(refused.value) == (
        "An image must be a file (PNG, JPEG, WEBP, GIF, BMP) in base64, an array (height, width, channels), or "
        '{"test": number}. Received a text that is no base64.'
    )
    noise = np.random.default_rng(0).integers(0, 256, (80, 80), dtype="uint8")
    half = base64.b64encode(base64.b64decode(file("JPEG", noise))[:1500]).decode()
    with pytest.raises(
        Refused, match=r"An image file must be whole. Received a damaged one: .*truncated.* \(OSError\)."
    ):
        read_files([half], (80, 80, 1))


def test_a_bomb_is_refused_by_its_header() -> None:
    black = file("PNG", np.zeros((2, 3), "uint8"))
    content = bytearray(base64.b64decode(black))
    content[16:24] = (60_000).to_bytes(4) * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4)
    with pytest.raises(TooLarge) as refused:
        read_files([base64.b64encode(bytes(content)).decode()], (2, 3, 1))
    assert refused.value.status == 413
    assert str(refused.value) == (
        "The image files of one request may have 16,777,216 pixels together. Received more: send smaller ones."
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_go_out_as_png_where_they_have_1_or_3_channels(channels: int) -> None:
    images = np.linspace(0, 1, 2 * 4 * 3 * channels).reshape(2, 4, 3, channels)
    np.testing.assert_allclose(outgoing(images, "array"), images, atol=1e-6)
    if channels in (1, 3):
        pictures = [Image.open(io.BytesIO(base64.b64decode(each))) for each in outgoing(images, "png")]
        levels = np.stack([np.asarray(each) for each in pictures]).reshape(images.shape)
        np.testing.assert_allclose(levels, 255 * images, atol=0.51)
        return
    with pytest.raises(Refused) as refused:
        outgoing(images, "png")
    told = f'A PNG has 1 or 3 channels. The images have {channels}: ask for the format "array".'
    assert str(refused.value) == told


@pytest.mark.parametrize("channels", [1, 3])
def test_a_plain_picture_goes_out_in_fewer_bytes_than_it_has_pixels(channels: int) -> None:
    (plain,) = outgoing(np.full((1, 64, 64, channels), 0.5), "png")
    assert len(base64.b64decode(plain)) < 64 * 64 / 10
