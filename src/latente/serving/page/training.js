/** How a run was trained: its curves, live while it trains, and what its diagnosis found. */

import { client } from "./api.js";
import { colour, draw } from "./chart.js";
import { attempt, button, h, statusLine } from "./dom.js";
import { current, duration, t, text } from "./language.js";

const POLL = 2000;
const EMPTY = text("No epoch is done yet. The curves appear with the first one.");
const PARTLY = text("{done} of {all} epochs done, in {time}. The curves follow while the run trains.");
const WHOLE = text("{done} of {all} epochs, in {time}.");
const TICKS = 12; // latents that are named beside the heat map

export const title = text("Training");
export const lead = text("How the run learned, epoch by epoch, and what ails it.");

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const progress = h("p", { class: "soft" });
  const charts = CHARTS.map(frame);
  const grid = h("div", { class: "charts" }, ...charts.map((chart) => chart.element));
  let seen = -1;

  const load = async () => {
    const log = await api.log();
    if (log.length === seen) return;
    seen = log.length;
    const sentence = seen === 0 ? EMPTY : seen < run.epochs ? PARTLY : WHOLE;
    progress.textContent = t(sentence, { done: seen, all: run.epochs, time: duration(seconds(log)) });
    grid.hidden = log.length === 0;
    if (log.length) await Promise.all(CHARTS.map((chart, i) => chart.render(charts[i], log)));
  };
  attempt(status, load);
  root.append(status.element, progress, legend(), grid, diagnosis(run, api));
  const poll = setInterval(() => {
    // A failure here is a gap in the updates; the next round tries again.
    if (!document.hidden && seen < run.epochs) load().catch(() => {});
  }, POLL);
  signal.addEventListener("abort", () => {
    clearInterval(poll);
    for (const { plot } of charts) globalThis.Plotly?.purge(plot);
  });
}

/** The place of a chart, below its title. */
function frame({ title, lead }) {
  const plot = h("div", { class: "plot", role: "img", "aria-label": t(title) });
  const caption = h("figcaption", {}, h("h2", {}, t(title)), h("p", { class: "soft" }, t(lead)));
  return { plot, element: h("figure", { class: "chart" }, caption, plot) };
}

const seconds = (log) => log.reduce((sum, entry) => sum + (entry.seconds ?? 0), 0);

/** Curves of training and validation, per epoch. */
const curve =
  (name, unit, axis = {}) =>
  ({ plot }, log) => {
    const epochs = log.map((entry) => entry.epoch);
    const line = (key, shade, dash) => ({
      type: "scatter",
      mode: log.length > 1 ? "lines" : "markers",
      x: epochs,
      y: log.map((entry) => entry[key] ?? null),
      line: { color: colour(shade), dash, width: 2 },
      marker: { color: colour(shade) },
      hovertemplate: `%{y:.4~g} ${t(unit)}<extra>${key.startsWith("val_") ? t("Validation") : t("Training")}</extra>`,
    });
    const traces = [line(name, "soft", "dot"), line(`val_${name}`, "accent", "solid")];
    return draw(plot, traces, { hovermode: "x", xaxis: epochAxis(epochs), yaxis: { title: t(unit), ...axis } });
  };

const epochAxis = (epochs) => ({
  title: t("Epoch"),
  rangemode: "nonnegative",
  ...(epochs.length < 12 ? { dtick: 1 } : {}),
});

/** The KL of each latent over the epochs, the most informative on top. */
function heat({ plot, element }, log) {
  const key = "val_kl_per_dimension";
  const own = log.filter((entry) => Array.isArray(entry[key]));
  element.hidden = own.length === 0;
  if (own.length === 0) return null;
  const last = own.at(-1)[key];
  const order = last.map((_, i) => i).sort((a, b) => last[a] - last[b]);
  const trace = {
    type: "heatmap",
    x: own.map((entry) => entry.epoch),
    y: order.map((_, i) => i),
    z: order.map((i) => own.map((entry) => entry[key][i])),
    colorscale: [
      [0, colour("surface")],
      [1, colour("accent")],
    ],
    colorbar: { title: { text: t("nats"), side: "right" }, thickness: 10, outlinewidth: 0 },
    text: order.map((i) => own.map(() => `z ${i}`)),
    hovertemplate: `%{text}: %{z:.3~g} ${t("nats")}<extra></extra>`,
  };
  const shown =
    order.length <= TICKS
      ? order
      : order.filter((_, i) => (order.length - 1 - i) % Math.ceil(order.length / TICKS) === 0);
  const ticks = { tickvals: shown.map((i) => order.indexOf(i)), ticktext: shown.map((i) => `z ${i}`) };
  return draw(plot, [trace], { xaxis: epochAxis(trace.x), yaxis: ticks });
}

const CHARTS = [
  {
    title: text("ELBO"),
    lead: text("The lower bound on log p(x), per image. Higher is better."),
    render: curve("elbo", text("nats")),
  },
  {
    title: text("Reconstruction"),
    lead: text("−log p(x given z), what the decoder fails to explain. Lower is better."),
    render: curve("reconstruction", text("nats")),
  },
  { title: text("KL"), lead: text("How much the code says about the image."), render: curve("kl", text("nats")) },
  {
    title: text("Active units"),
    lead: text("Latents whose mean moves with the image."),
    render: curve("active_units", text("latents"), { rangemode: "tozero", tickformat: "d" }),
  },
  {
    title: text("KL of each latent"),
    lead: text("On validation images; the latents that say most are on top."),
    render: heat,
  },
];

function legend() {
  const item = (kind, name) => h("span", {}, h("span", { class: `stroke ${kind}` }), name);
  return h("p", { class: "strokes" }, item("validation", t("Validation")), item("train", t("Training")));
}

function diagnosis(run, api) {
  const status = statusLine();
  const result = h("div");
  const start = button(t("Diagnose"), () => compute());
  const show = (found) => {
    result.replaceChildren(...verdict(found));
    start.textContent = t("Diagnose again");
  };
  const compute = async () => {
    const began = Date.now();
    const spent = () => t("Measuring: {seconds} s. It takes 10 to 60 seconds.", { seconds: Math.round((Date.now() - began) / 1000) });
    start.disabled = true;
    const clock = setInterval(() => status.loading(spent()), 1000);
    await attempt(status, async () => show(await api.diagnose()), spent());
    clearInterval(clock);
    start.disabled = false;
  };
  if (run.trained) attempt(status, () => api.diagnosis().then((found) => (found ? show(found) : result.replaceChildren(h("p", {}, t("Not diagnosed yet. It takes 10 to 60 seconds."))))));
  else result.append(h("p", {}, t("This run has no trained weights yet. The panel opens when its first epoch is done; Training shows how far it is.")));
  return h(
    "div",
    { class: "diagnosis" },
    h("h2", {}, t("Diagnosis")),
    result,
    status.element,
    run.trained ? start : "",
  );
}

function verdict({ healthy, findings }) {
  const severities = { sick: t("Sick"), remark: t("Remark") };
  const parts = Object.entries({ evidence: t("Evidence"), cause: t("Cause"), remedy: t("Remedy") });
  const head = h(
    "p",
    { class: healthy ? "verdict healthy" : "verdict sick" },
    healthy ? t("Healthy: nothing found that needs a cure.") : t("Sick: something needs a cure."),
  );
  const part = (finding, [name, heading]) => {
    // A run that an earlier version diagnosed has its findings in English alone.
    const own = finding.translations?.[current()]?.[name];
    return [h("dt", {}, heading), h("dd", own ? {} : { lang: "en" }, own ?? finding[name])];
  };
  const item = (finding) =>
    h(
      "article",
      { class: finding.severity },
      h(
        "h3",
        {},
        h("span", { class: "severity" }, severities[finding.severity]),
        " ",
        h("span", { lang: "en" }, finding.name),
      ),
      h("dl", {}, ...parts.flatMap((name) => part(finding, name))),
    );
  return [head, ...findings.map(item)];
}
