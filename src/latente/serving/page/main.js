/** The explorer: which run, which panel, which language. Each panel is a module that mounts itself. */

import { listRuns } from "./api.js";
import { attempt, choice, field, h, statusLine } from "./dom.js";
import { LANGUAGES, choose, current, t } from "./i18n.js";
import * as compare from "./compare.js";
import * as map from "./map.js";
import * as path from "./path.js";
import * as reconstruct from "./reconstruct.js";
import * as samples from "./samples.js";
import * as sliders from "./sliders.js";
import * as training from "./training.js";
import * as view from "./view.js";

const PANELS = { map, sliders, path, samples, reconstruct, compare, training };
const OF_ONE_RUN = ["z", "class", "x", "y", "a", "b", "image", "t"];
const POLL = 4000;

let runs = [];
let shown = new AbortController();
const byId = (id) => document.getElementById(id);

const chosenRun = () => runs.find((run) => run.name === view.get("run")) ?? runs[0];
const chosenPanel = () => (view.get("panel") in PANELS ? view.get("panel") : "map");

async function start() {
  const status = statusLine();
  byId("main").append(status.element);
  renderLanguage();
  await attempt(status, async () => {
    runs = await listRuns();
    render();
  });
  view.onNavigation(render);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  addEventListener("view", renderNavigation);
  setInterval(refresh, POLL);
}

function render() {
  shown.abort();
  shown = new AbortController();
  document.documentElement.lang = current();
  renderLanguage();
  renderRuns();
  renderNavigation();
  const main = byId("main");
  if (runs.length === 0) return main.replaceChildren(h("p", {}, t("no-runs")));
  renderFacts();
  const name = chosenPanel();
  const run = chosenRun();
  document.title = `${t(`${name}.title`)} · ${run.name} · Latente`;
  const section = h(
    "section",
    { class: `${name}-panel` },
    h("h1", {}, t(`${name}.title`)),
    h("p", { class: "lead" }, t(`${name}.lead`)),
  );
  main.replaceChildren(section);
  const reason = name === "training" || name === "compare" ? null : unavailable(run, name);
  if (reason) return section.append(h("p", { class: "note" }, reason));
  PANELS[name].mount(section, { run, runs, signal: shown.signal });
}

/** Why a panel has nothing to show for a run, or null. */
function unavailable(run, panel) {
  if (!run.trained) return t("untrained");
  if (!run.density && (panel === "map" || panel === "sliders")) return t("discrete", { posterior: run.posterior });
  if (panel !== "map") return null;
  if (run.latent_dim < 2) return t("one-latent");
  if (run.test_images === null) return t("no-data");
  return null;
}

function renderLanguage() {
  const changed = (tag) => {
    choose(tag);
    render();
    byId("language").querySelector("select").focus();
  };
  byId("language").replaceChildren(field(t("language"), choice(Object.entries(LANGUAGES), current(), changed)));
  byId("skip").textContent = t("skip");
  byId("skip").onclick = () => byId("main").focus();
}

function renderRuns() {
  if (runs.length === 0) return;
  const forget = Object.fromEntries(OF_ONE_RUN.map((name) => [name, undefined]));
  const changed = (run) => view.go({ ...forget, run });
  const options = runs.map((run) => [run.name, run.name]);
  byId("run-picker").replaceChildren(field(t("run"), choice(options, chosenRun().name, changed)));
}

function renderFacts() {
  const run = chosenRun();
  const epochs =
    run.epochs_done < run.epochs ? t("fact.epochs-of", { done: run.epochs_done, all: run.epochs }) : run.epochs_done;
  const facts = {
    data: `${run.data}, ${run.image_shape.join(" × ")}`,
    latents: run.latent_dim,
    objective: run.beta === null || run.beta === 1 ? run.objective : `${run.objective}, β = ${run.beta}`,
    posterior: run.posterior,
    prior: run.prior,
    likelihood: run.likelihood,
    epochs:
      run.epoch === null || run.epoch === run.epochs_done
        ? epochs
        : t("fact.epoch-in-use", { epochs, epoch: run.epoch }),
  };
  const fact = ([name, value]) => h("div", {}, h("dt", {}, t(`fact.${name}`)), h("dd", {}, String(value)));
  byId("facts").replaceChildren(...Object.entries(facts).map(fact));
}

function renderNavigation() {
  const nav = byId("panels");
  nav.setAttribute("aria-label", t("panels"));
  const item = (panel) => {
    const here = panel === chosenPanel() ? "page" : null;
    const onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      view.go({ panel });
      nav.querySelector("[aria-current]").focus();
    };
    return h("a", { href: view.link({ panel }), "aria-current": here, onclick }, t(`${panel}.title`));
  };
  const focused = [...nav.children].indexOf(document.activeElement);
  nav.replaceChildren(...Object.keys(PANELS).map(item));
  nav.children[focused]?.focus();
}

/** Follow runs that are being trained; a run that got its first weights is shown anew. */
async function refresh() {
  if (document.hidden || !runs.some((run) => run.epochs_done < run.epochs)) return;
  const before = chosenRun().trained;
  try {
    runs = await listRuns();
  } catch {
    return; // the panels say so when they need the service
  }
  if (chosenRun().trained === before) renderFacts();
  else render();
}

start();
