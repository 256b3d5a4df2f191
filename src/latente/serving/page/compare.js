/** Several runs side by side: the same codes, samples of the same seed, or the same images. */

import { client, picture, testImage } from "./api.js";
import { classField, labels } from "./classes.js";
import { attempt, button, choice, field, h, statusLine } from "./dom.js";
import { number, t, text } from "./language.js";
import { imageName, testLabels } from "./testset.js";
import * as view from "./view.js";

const COLUMNS = 8;
const FIRST_RUNS = 4; // how many are compared before the reader chooses

export const title = text("Compare");
export const lead = text("The same question to several runs, side by side.");

export function mount(root, { runs, signal }) {
  const able = runs.filter((run) => run.trained);
  if (able.length < 2) return root.append(h("p", { class: "note" }, t("Comparing needs two trained runs. Start the service with several: latente serve RUN RUN …")));
  const asked = (view.get("runs") ?? "").split(",");
  const named = able.filter((run) => asked.includes(run.name));
  const chosen = new Set(named.length ? named : able.slice(0, FIRST_RUNS));
  const body = h("div");
  const toggle = (run) => (event) => {
    if (event.target.checked) chosen.add(run);
    else chosen.delete(run);
    view.set({ runs: [...chosen].map((one) => one.name).join(",") });
    renew();
  };
  const box = (run) =>
    h(
      "label",
      { class: "check" },
      h("input", { type: "checkbox", checked: chosen.has(run), onchange: toggle(run) }),
      run.name,
    );
  const inOrder = () => able.filter((run) => chosen.has(run));
  const renew = () => renderBody(body, inOrder(), signal);
  root.append(h("fieldset", { class: "checks" }, h("legend", {}, t("Runs")), ...able.map(box)), body);
  renew();
}

/** Why these runs cannot decode the same codes, or null. */
function noSharedCodes(runs) {
  const discrete = runs.find((run) => !run.density);
  if (discrete) return t("{run} has discrete codes ({posterior}), so these runs cannot share codes.", { run: discrete.name, posterior: discrete.posterior });
  const dims = new Set(runs.map((run) => run.latent_dim));
  if (dims.size > 1) return t("These runs have different numbers of latents ({dims}), so they cannot share codes.", { dims: runs.map((run) => `${run.name}: ${run.latent_dim}`).join(", ") });
  return null;
}

function renderBody(body, runs, signal) {
  if (runs.length < 2) return body.replaceChildren(h("p", { class: "note" }, t("Choose at least two runs.")));
  const hindered = noSharedCodes(runs);
  const source = runs.find((run) => run.test_images !== null);
  const modes = [...(hindered ? [] : ["codes"]), "samples", ...(source ? ["images"] : [])];
  const mode = modes.includes(view.get("mode")) ? view.get("mode") : modes[0];
  const status = statusLine();
  const rows = h("div", { class: "rows" });
  const explanation = t(MODES[mode].lead, { run: (mode === "images" ? source : runs[0]).name });
  const notes = [hindered, explanation, shapes(runs), mode === "images" ? yardsticks(runs) : null].filter(Boolean);
  const paragraphs = notes.map((note) => h("p", { class: "soft" }, note));
  const again = () => renderBody(body, runs, signal);
  body.replaceChildren(controls(runs, modes, mode, again), ...paragraphs, status.element, rows);
  attempt(status, async () => {
    const seed = view.integer("seed", 0);
    const inputs = await MODES[mode].inputs(runs, seed, source, signal);
    const made = runs.map((run) => row(run, signal, (api) => MODES[mode].outputs(api, run, seed, inputs)));
    rows.replaceChildren(...(inputs.row ? [inputs.row] : []), ...made);
  });
}

function controls(runs, modes, mode, again) {
  const change = (changes) => {
    view.set(changes);
    again();
  };
  const options = modes.map((name) => [name, t(MODES[name].title)]);
  const conditional = runs.find((run) => run.classes.length);
  const anew = () => change({ seed: Math.floor(Math.random() * 1e6) });
  return h(
    "div",
    { class: "controls" },
    field(
      t("Compare"),
      choice(options, mode, (name) => change({ mode: name })),
    ),
    conditional && mode !== "images" ? classField(conditional, again) : null,
    button(mode === "images" ? t("Other images") : t("New seed"), anew),
  );
}

function shapes(runs) {
  const shapes_ = new Set(runs.map((run) => run.image_shape.join(" × ")));
  return shapes_.size > 1
    ? t("Their images have different shapes ({shapes}): each run sees the images cropped and resized to its own.", { shapes: runs.map((run) => `${run.name}: ${run.image_shape.join(" × ")}`).join(", ") })
    : null;
}

/** ELBOs are comparable between models of the same pixels under the same likelihood. */
function yardsticks(runs) {
  const kinds = new Set(runs.map((run) => [run.likelihood, run.image_shape].join()));
  return kinds.size > 1 ? t("Their likelihoods or image shapes differ, so their ELBOs cannot be compared with each other.") : null;
}

/** What is compared: `inputs` of all runs, and what one run makes of them, images and a text below its name. */
const MODES = {
  codes: {
    title: text("The same codes"),
    lead: text("Codes drawn from the prior of {run}, decoded by each run. A latent has no fixed meaning from run to run: the same numbers may well decode to different things."),
    inputs: ([first], seed, source, signal) =>
      client(first, signal).sample({ n: COLUMNS, seed, own_prior: true, labels: labels(first) }),
    outputs: async (api, run, seed, { codes }) => ({
      images: (await api.decode({ codes, labels: labels(run) })).images,
    }),
  },
  samples: {
    title: text("Samples"),
    lead: text("Each run draws from its own prior with the same seed."),
    inputs: async () => ({}),
    outputs: async (api, run, seed) => ({
      images: (await api.sample({ n: COLUMNS, seed, labels: labels(run) })).images,
    }),
  },
  images: {
    title: text("The same images"),
    lead: text("Test images of {run}, reconstructed by each run."),
    inputs: testImages,
    outputs: async (api, run, seed, { images, classes }) => {
      const body = { images, labels: run.classes.length ? classes : undefined };
      const [{ images: rebuilt }, { scores }] = await Promise.all([api.reconstruct(body), api.score(body)]);
      const mean = scores.reduce((sum, score) => sum + score.elbo, 0) / scores.length;
      return { images: rebuilt, caption: t("Mean ELBO of these images: {value} nats", { value: number(mean, 1) }) };
    },
  },
};

/** Some test images of the first run that has any, sent as files, so that runs on other data take them too. */
async function testImages(runs, seed, source, signal) {
  const first = (seed * COLUMNS) % source.test_images;
  const indices = Array.from({ length: COLUMNS }, (_, i) => (first + i) % source.test_images);
  const addresses = indices.map((index) => testImage(source, index));
  const images = await Promise.all(addresses.map((address) => dataAddress(address, signal)));
  const labels_ = await testLabels(source);
  const classes = indices.map((index) => labels_.get(index)?.label ?? 0);
  const alts = indices.map((index) => imageName(index));
  return { images, classes, row: strip(t("Given"), null, addresses, alts) };
}

async function dataAddress(address, signal) {
  const response = await fetch(address, { signal });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}

/** One run's images; a run that fails says so and leaves the others alone. */
function row(run, signal, work) {
  const status = statusLine();
  const element = h("div", { class: "row" }, h("h2", {}, run.name), status.element);
  attempt(status, async () => {
    const { images, caption } = await work(client(run, signal));
    const alts = images.map((_, i) => t("{run}, image {i}", { run: run.name, i: String(i + 1) }));
    element.replaceChildren(...strip(run.name, caption, images.map(picture), alts).children);
  });
  return element;
}

function strip(name, caption, sources, alts) {
  const images = sources.map((src, i) => h("img", { class: "pixels", src, alt: alts[i] }));
  return h(
    "div",
    { class: "row" },
    h("h2", {}, name),
    caption ? h("p", { class: "soft" }, caption) : "",
    h("div", { class: "eight" }, ...images),
  );
}
