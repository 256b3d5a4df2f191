/** What the page knows about the test images of a run. */

import { client } from "./api.js";
import { t } from "./language.js";

const MOST = 10_000; // as many as the service encodes
const cache = new Map();

/** The labels of the first test images, by index; empty where the service has none. Asked once for each run. */
export function testLabels(run) {
  if (!cache.has(run.name)) cache.set(run.name, load(run));
  return cache.get(run.name);
}

async function load(run) {
  if (run.test_images === null) return new Map();
  try {
    const { indices, labels, class_names: names } = await client(run).map(null, MOST);
    return new Map((labels ?? []).map((label, i) => [indices[i], { label, name: names?.[label] ?? String(label) }]));
  } catch {
    cache.delete(run.name); // labels are a courtesy; the panel itself says what fails
    return new Map();
  }
}

/** "Test image 17, Sandal", or without the name of a class. */
export const imageName = (number, name) => {
  const index = String(number); // as it is, without a mark for thousands
  return name === undefined ? t("Test image {index}", { index }) : t("Test image {index}, {name}", { index, name });
};

/** The name of a test image, with its class where the service knows it. */
export const describe = async (run, index) => imageName(index, (await testLabels(run)).get(index)?.name);
