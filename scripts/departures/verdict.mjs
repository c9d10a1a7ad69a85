// Compares stated reasons with the true ones.

/**
 * - `right`; `unknown`: the observer said that it does not know;
 * - `missing`: no departure, or one without a reason;
 * - `wrong`: another reason, or more than one departure.
 */
export function verdictOf(expected, reasons) {
  const [reason] = reasons;
  if (reason === undefined) return 'missing';
  if (reasons.length > 1) return 'wrong';
  if (reason === 'unknown') return 'unknown';
  return reason === expected ? 'right' : 'wrong';
}

const circumstances = { restart: '; etcd restarts', 'cut off': '; the observers are cut off' };

/** One row for each kind and fault, with the number of each verdict of each observer. */
export function summarize(results) {
  const rows = new Map();
  for (const { kind, fault, verdicts } of results) {
    const name = kind.name + (circumstances[fault] ?? '');
    const row = rows.get(name) ?? {
      name,
      expected: kind.expected,
      count: 0,
      page: newCounts(),
      directory: newCounts(),
    };
    rows.set(name, row);
    row.count++;
    row.page[verdicts.page]++;
    row.directory[verdicts.directory]++;
  }
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The share of `unknown` in the deletes and lease ends that happened while etcd was healthy. */
export function unknownShare(results, observer) {
  const healthy = results.filter(
    ({ fault, kind }) => fault === 'none' && ['deleted', 'lease-ended'].includes(kind.expected),
  );
  const unknown = healthy.filter(({ verdicts }) => verdicts[observer] === 'unknown');
  return healthy.length === 0 ? 0 : unknown.length / healthy.length;
}

function newCounts() {
  return { right: 0, unknown: 0, wrong: 0, missing: 0 };
}
