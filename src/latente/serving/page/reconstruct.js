/** What the model makes of one image: its reconstruction, its ELBO, and the test images nearest to it. */

import { client, picture, testImage } from "./api.js";
import { attempt, figure, h, latest, statusLine } from "./dom.js";
import { number, t } from "./i18n.js";
import { asImage, imagePicker, testStrip } from "./picker.js";
import { difference } from "./pixels.js";
import { describe } from "./testset.js";
import * as view from "./view.js";

const NEAREST = 8;

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
  const picker = imagePicker({ run, title: t("reconstruct.image"), changed });
  const pick = (index) => picker.set({ test: index });
  root.append(
    h("div", { class: "split" }, picker.element, h("div", {}, status.element, result)),
    testStrip(run, pick) ?? "",
  );
  if (run.test_images === null) status.say(t("reconstruct.choose"));
  else attempt(status, () => pick(view.integer("image", 0, 0, run.test_images - 1)));
}

function pictures(input, output, gap) {
  const items = [
    figure(t("reconstruct.input"), { src: input, alt: t("reconstruct.input") }),
    figure(t("reconstruct.output"), { src: output, alt: t("reconstruct.output"), id: "reconstruction" }),
    figure(t("reconstruct.difference", gap), { src: gap.source, alt: t("reconstruct.difference-alt") }),
  ];
  return h("div", { class: "triple" }, ...items.map((item) => item.element));
}

function figures({ elbo, reconstruction, kl, percentile }) {
  const nats = (value) => t("nats", { value: number(value, 1) });
  const items = [
    [t("elbo"), nats(elbo)],
    [t("reconstruction-term"), nats(reconstruction)],
    [t("kl"), nats(kl)],
  ];
  const sum = h("p", { class: "soft" }, t("reconstruct.sum"));
  const boxes = h(
    "dl",
    { class: "figures" },
    ...items.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
  const rank = percentile === null ? null : h("p", {}, t("reconstruct.percentile", { share: number(percentile, 0) }));
  return h("div", {}, boxes, sum, rank);
}

/** An image of the test split is its own nearest neighbour, which says nothing. */
const others = (neighbours, { test }) => neighbours.filter(({ index }) => index !== test).slice(0, NEAREST);

function nearest(run, neighbours, pick) {
  const item = ({ index, distance }) => {
    const shown = figure(t("reconstruct.distance", { distance }), { src: testImage(run, index), alt: "" });
    const open = h("button", { type: "button", onclick: () => pick(index) }, shown.element);
    describe(run, index).then((text) => {
      shown.image.alt = text;
      open.title = text;
    });
    return open;
  };
  const heading = h("h2", {}, t("reconstruct.nearest"));
  return h(
    "div",
    {},
    heading,
    h("p", { class: "soft" }, t("reconstruct.nearest-lead")),
    h("div", { class: "near" }, ...neighbours.map(item)),
  );
}
