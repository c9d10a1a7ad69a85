import { factsOf, type ViewFact } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { describeView, viewSeries } from './views.js';

/** N11: consecutive views differ, and no view follows after the reader has unsubscribed. */
export const noRedundantViews: Check = (history) => {
  const found = new Findings();
  for (const series of viewSeries(history)) {
    for (const [i, view] of series.slice(1).entries()) {
      found.count('N11 pairs of views');
      if (isSame(series[i] as ViewFact, view))
        found.report('N11', `${describeView(view)} was reported again without a change`);
    }
  }
  for (const { viewer, at } of factsOf(history, 'unsubscribed')) {
    found.count('N11 unsubscribes');
    const late = factsOf(history, 'view').find((view) => view.viewer === viewer && view.at > at);
    if (late)
      found.report(
        'N11',
        `${describeView(late)} was reported ${Math.round(late.at - at)} ms after it had unsubscribed`,
      );
  }
  return found;
};

function isSame(a: ViewFact, b: ViewFact): boolean {
  return (
    a.records.size === b.records.size &&
    [...a.records].every(([key, revision]) => b.records.get(key) === revision) &&
    sameKeys(a.unconfirmed, b.unconfirmed) &&
    sameKeys(a.invalid, b.invalid)
  );
}

function sameKeys(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}
