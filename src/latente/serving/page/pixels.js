/** Arithmetic on the pixels of two images of the same size. */

async function pixels(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return { canvas, context, data: context.getImageData(0, 0, canvas.width, canvas.height) };
}

/**
 * The absolute difference of two images as a picture whose brightest pixel is the largest difference, with the mean and
 * the largest difference as shares of the pixel range.
 */
export async function difference(one, other) {
  const [a, b] = await Promise.all([pixels(one), pixels(other)]);
  const gaps = a.data.data.map((value, i) => Math.abs(value - b.data.data[i]));
  const colours = gaps.filter((_, i) => i % 4 !== 3); // the fourth is opacity
  const largest = colours.reduce((most, gap) => Math.max(most, gap), 0);
  const mean = colours.reduce((sum, gap) => sum + gap, 0) / colours.length;
  a.data.data.set(gaps.map((gap, i) => (i % 4 === 3 ? 255 : (255 * gap) / (largest || 1))));
  a.context.putImageData(a.data, 0, 0);
  return { source: a.canvas.toDataURL(), mean: mean / 255, largest: largest / 255 };
}
