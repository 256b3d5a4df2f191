/** The explorer: which run, which panel, which language. Each panel is a module that mounts itself. */

import { listRuns } from "./api.js";
import { attempt, choice, field, h, statusLine } from "./dom.js";
import { LANGUAGES, choose, current, t } from "./language.js";
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
  if (runs.length === 0) return main.replaceChildren(h("p", {}, t("The service has no runs to show.")));
  renderFacts();
  const name = chosenPanel();
  const panel = PANELS[name];
  const run = chosenRun();
  document.title = `${t(panel.title)} · ${run.name} · Latente`;
  const section = h(
    "section",
    { class: `${name}-panel` },
    h("h1", {}, t(panel.title)),
    h("p", { class: "lead" }, t(panel.lead)),
  );
  main.replaceChildren(section);
  const reason = name === "training" || name === "compare" ? null : unavailable(run, name);
  if (reason) return section.append(h("p", { class: "note" }, reason));
  panel.mount(section, { run, runs, signal: shown.signal });
}

/** Why a panel has nothing to show for a run, or null. */
function unavailable(run, panel) {
  if (!run.trained)
    return t(
      "This run has no trained weights yet. The panel opens when its first epoch is done; Training shows how far it is.",
    );
  if (!run.density && (panel === "map" || panel === "sliders"))
    return t(
      "This run has discrete codes ({posterior}): its latents are entries of a codebook, not positions that could be moved. Path, Samples and Reconstruct work.",
      { posterior: run.posterior },
    );
  if (panel !== "map") return null;
  if (run.latent_dim < 2) return t("A map needs two latents, and this run has one: Sliders moves it.");
  if (run.test_images === null)
    return t(
      "The run's data are not at hand, so there are no test images to map. Start the service where the data are, or name their folder.",
    );
  return null;
}

function renderLanguage() {
  const changed = async (tag) => {
    await choose(tag);
    render();
    byId("language").querySelector("select").focus();
  };
  byId("language").replaceChildren(field(t("Language"), choice(Object.entries(LANGUAGES), current(), changed)));
  byId("skip").textContent = t("Skip to the panel");
  byId("skip").onclick = () => byId("main").focus();
}

function renderRuns() {
  if (runs.length === 0) return;
  const forget = Object.fromEntries(OF_ONE_RUN.map((name) => [name, undefined]));
  const changed = (run) => view.go({ ...forget, run });
  const options = runs.map((run) => [run.name, run.name]);
  byId("run-picker").replaceChildren(field(t("Run"), choice(options, chosenRun().name, changed)));
}

function renderFacts() {
  const run = chosenRun();
  const epochs =
    run.epochs_done < run.epochs ? t("{done} of {all}", { done: run.epochs_done, all: run.epochs }) : run.epochs_done;
  const facts = {
    [t("Data")]: `${run.data}, ${run.image_shape.join(" × ")}`,
    [t("Latents")]: run.latent_dim,
    [t("Objective")]: run.beta === null || run.beta === 1 ? run.objective : `${run.objective}, β = ${run.beta}`,
    [t("Posterior")]: run.posterior,
    [t("Prior")]: run.prior,
    [t("Likelihood")]: run.likelihood,
    [t("Epochs")]:
      run.epoch === null || run.epoch === run.epochs_done
        ? epochs
        : t("{epochs} (weights of {epoch})", { epochs, epoch: run.epoch }),
  };
  const fact = ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)));
  byId("facts").replaceChildren(...Object.entries(facts).map(fact));
}

function renderNavigation() {
  const nav = byId("panels");
  nav.setAttribute("aria-label", t("Panels"));
  const item = (panel) => {
    const here = panel === chosenPanel() ? "page" : null;
    const onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      view.go({ panel });
      nav.querySelector("[aria-current]").focus();
    };
    return h("a", { href: view.link({ panel }), "aria-current": here, onclick }, t(PANELS[panel].title));
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
