/** What the model makes of one image: its reconstruction, its ELBO, and the test images nearest to it. */

import { client, picture, testImage } from "./api.js";
import { attempt, figure, h, latest, statusLine } from "./dom.js";
import { number, t, text } from "./language.js";
import { asImage, imagePicker, testStrip } from "./picker.js";
import { difference } from "./pixels.js";
import { describe } from "./testset.js";
import * as view from "./view.js";

const NEAREST = 8;

export const title = text("Reconstruct");
export const lead = text("What the model keeps of an image, what it loses, and how likely it finds it.");

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const result = h("div");
  const load = latest(async () => {
    result.classList.add("stale"); // of the image before, until the answer is there
    const body = { images: [asImage(picker.value())], labels: picker.labels() };
    const near = run.test_images === null ? null : api.neighbours({ ...body, n: NEAREST + 1 });
    const [rebuilt, scored, neighbours] = await Promise.all([api.reconstruct(body), api.score(body), near]);
    const input = picture(rebuilt.inputs[0]);
    const output = picture(rebuilt.images[0]);
    result.classList.remove("stale");
    result.replaceChildren(
      pictures(input, output, await difference(input, output)),
      figures(scored.scores[0]),
      neighbours ? nearest(run, others(neighbours.neighbours[0], picker.value()), pick) : "",
    );
  }, status);
  const changed = () => {
    view.set({ image: picker.value().test });
    status.loading();
    load();
  };
  const picker = imagePicker({ run, title: t("Image"), changed });
  const pick = (index) => picker.set({ test: index });
  root.append(
    h("div", { class: "split" }, picker.element, h("div", {}, status.element, result)),
    testStrip(run, pick) ?? "",
  );
  if (run.test_images === null) status.say(t("Upload an image to see its reconstruction."));
  else attempt(status, () => pick(view.integer("image", 0, 0, run.test_images - 1)));
}

function pictures(input, output, gap) {
  const items = [
    figure(t("As the model saw it"), { src: input, alt: t("As the model saw it") }),
    figure(t("Reconstruction"), { src: output, alt: t("Reconstruction"), id: "reconstruction" }),
    figure(t("Difference: mean {mean}, largest {largest} (black is 0, white the largest; pixels from 0 to 1)", gap), { src: gap.source, alt: t("Absolute difference of input and reconstruction") }),
  ];
  return h("div", { class: "triple" }, ...items.map((item) => item.element));
}

function figures({ elbo, reconstruction, kl, percentile }) {
  const nats = (value) => t("{value} nats", { value: number(value, 1) });
  const items = [
    [t("ELBO"), nats(elbo)],
    [t("Reconstruction"), nats(reconstruction)],
    [t("KL"), nats(kl)],
  ];
  const sum = h("p", { class: "soft" }, t("ELBO = −(reconstruction + KL), a lower bound on log p(x). Higher is better."));
  const boxes = h(
    "dl",
    { class: "figures" },
    ...items.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
  const rank = percentile === null ? null : h("p", {}, t("Its ELBO is higher than that of {share}% of the test images.", { share: number(percentile, 0) }));
  return h("div", {}, boxes, sum, rank);
}

/** An image of the test split is its own nearest neighbour, which says nothing. */
const others = (neighbours, { test }) => neighbours.filter(({ index }) => index !== test).slice(0, NEAREST);

function nearest(run, neighbours, pick) {
  const item = ({ index, distance }) => {
    const shown = figure(t("Distance {distance}", { distance }), { src: testImage(run, index), alt: "" });
    const open = h("button", { type: "button", onclick: () => pick(index) }, shown.element);
    describe(run, index).then((name) => {
      shown.image.alt = name;
      open.title = name;
    });
    return open;
  };
  const heading = h("h2", {}, t("Nearest test images"));
  return h(
    "div",
    {},
    heading,
    h("p", { class: "soft" }, t("By the distance between their codes.")),
    h("div", { class: "near" }, ...neighbours.map(item)),
  );
}
