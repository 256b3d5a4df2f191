/** The class as which a conditional run decodes, chosen once for all panels. */

import { choice, field } from "./dom.js";
import { t } from "./language.js";
import * as view from "./view.js";

/** The chosen class as `labels` of a request; undefined where the run takes none. */
export const labels = (run) => (run.classes.length ? view.integer("class", 0, 0, run.classes.length - 1) : undefined);

/** A control for the class, or null where the run takes none. */
export function classField(run, changed) {
  if (run.classes.length === 0) return null;
  const chosen = (value) => {
    view.set({ class: value });
    changed();
  };
  return field(t("Class"), choice(Object.entries(run.classes), labels(run), chosen));
}
