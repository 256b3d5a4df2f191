/** What the page knows about the test images of a run. */

import { client } from "./api.js";
import { t } from "./i18n.js";

const MOST = 10_000; // as many as the service encodes
const known = new Map();

/** The labels of the first test images, by index; empty where the service has none. Asked once for each run. */
export function testLabels(run) {
  if (!known.has(run.name)) known.set(run.name, load(run));
  return known.get(run.name);
}

async function load(run) {
  if (run.test_images === null) return new Map();
  try {
    const { indices, labels, class_names: names } = await client(run).map(null, MOST);
    return new Map((labels ?? []).map((label, i) => [indices[i], { label, name: names?.[label] ?? String(label) }]));
  } catch {
    known.delete(run.name); // labels are a courtesy; the panel itself says what fails
    return new Map();
  }
}

/** "Test image 17, Sandal" */
export async function describe(run, index) {
  const found = (await testLabels(run)).get(index);
  return found
    ? t("test-image-of", { index: String(index), name: found.name })
    : t("test-image", { index: String(index) });
}
