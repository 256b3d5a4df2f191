/** New images: codes drawn from the prior, decoded. */

import { client, picture } from "./api.js";
import { button, choice, field, h, latest, statusLine } from "./dom.js";
import { fixed, t, text } from "./language.js";
import * as view from "./view.js";

const MOST = 256;
const EACH_IN_TURN = "each";

export const title = text("Samples");
export const lead = text("New images: codes drawn from the prior, decoded. No image of the data has a part in them.");

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const grid = h("div", { class: "samples" });
  const draw = latest(async () => {
    const n = view.integer("n", 64, 1, MOST);
    const body = { n, seed: view.integer("seed", 0), temperature: temperature(), labels: class_(run) };
    const { images, codes, labels } = await api.sample({ ...body, own_prior: view.get("prior") === "own" });
    grid.replaceChildren(...images.map((image, i) => sample(run, image, codes[i], labels?.[i], i)));
  }, status);
  const change = (changes) => {
    view.set(changes);
    status.loading();
    draw();
  };
  const hint = run.density ? h("p", { class: "soft" }, t("Click a sample to open its code in Sliders.")) : "";
  root.append(controls(run, change), status.element, grid, hint);
  status.loading();
  draw();
}

function temperature() {
  const value = Number(view.get("temperature", 1));
  return value >= 0 && value <= 2 ? value : 1;
}

/** The chosen class; without one the service draws each in turn. */
const class_ = (run) => view.integer("class", undefined, 0, run.classes.length - 1);

function controls(run, change) {
  const number_ = (name, otherwise, least, most) => {
    const input = h("input", {
      type: "number",
      min: least,
      max: most,
      step: 1,
      value: view.integer(name, otherwise, least, most),
    });
    input.addEventListener(
      "change",
      () => input.reportValidity() && input.value !== "" && change({ [name]: input.value }),
    );
    return input;
  };
  const seed = number_("seed", 0, 0, 2 ** 31 - 1);
  const anew = () => {
    seed.value = Math.floor(Math.random() * 1e6);
    change({ seed: seed.value });
  };
  const shown = h("span", { class: "value", "aria-hidden": "true" }, fixed(temperature()));
  const warmer = (event) => {
    shown.textContent = fixed(Number(event.target.value));
    change({ temperature: event.target.value });
  };
  const heat = h("input", { type: "range", min: 0, max: 2, step: 0.05, value: temperature(), oninput: warmer });
  const which = [[EACH_IN_TURN, t("Each in turn")], ...Object.entries(run.classes)];
  const classes = choice(which, view.get("class", EACH_IN_TURN), (value) =>
    change({ class: value === EACH_IN_TURN ? undefined : value }),
  );
  const priors = [
    ["fitted", t("Fitted after training")],
    ["own", t("The model's own ({prior})", { prior: run.prior })],
  ];
  const prior = choice(priors, view.get("prior", "fitted"), (value) => change({ prior: value }));
  return h(
    "div",
    { class: "controls" },
    field(h("span", {}, t("Temperature"), " ", shown), heat),
    field(t("How many"), number_("n", 64, 1, MOST)),
    field(t("Seed"), seed),
    button(t("New seed"), anew),
    run.classes.length ? field(t("Class"), classes) : null,
    run.fitted_prior ? field(t("Prior"), prior) : null,
  );
}

/** One sample; a click takes its code to the sliders, where the run has any. */
function sample(run, image, code, label, i) {
  const name = label === undefined ? "" : run.classes[label];
  const alt = t("Sample {i}", { i: String(i + 1) }) + (name && `, ${name}`);
  const shown = h("img", { class: "pixels", src: picture(image), alt });
  if (!run.density) return shown;
  const open = () =>
    view.go({ panel: "sliders", z: view.codeText(code), ...(label === undefined ? {} : { class: label }) });
  return h("button", { type: "button", title: alt, onclick: open }, shown);
}
