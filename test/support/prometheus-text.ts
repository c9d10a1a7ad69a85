import assert from 'node:assert/strict';

/** The samples of one metric in Prometheus's text format. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  /** The value of each series, by its name and labels as in the text. */
  readonly samples: ReadonlyMap<string, number>;
  readonly labels: ReadonlySet<string>;
}

const value = '"(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sample = new RegExp(`^([a-z_]+)\\{([a-z_]+=${value}(?:,[a-z_]+=${value})*)\\} (-?[0-9.e+-]+)$`);

/**
 * Reads a scrape, and fails unless each metric has its HELP and TYPE once, its samples together, and each series once.
 *
 * Specification: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parsePrometheus(text: string): ReadonlyMap<string, MetricFamily> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, MetricFamily>();
  for (const block of text.split(/^(?=# HELP )/m)) {
    const family = parseFamily(block);
    assert.ok(!families.has(family.name), `${family.name} occurs twice`);
    families.set(family.name, family);
  }
  return families;
}

function parseFamily(block: string): MetricFamily {
  const [, name = '', type = '', lines = ''] =
    /^# HELP ([a-z_]+) [^\n\\]+\n# TYPE \1 (counter|gauge|histogram)\n((?:[^#].*\n)+)$/.exec(block) ??
    assert.fail(`not a metric: ${block}`);
  const samples = new Map<string, number>();
  const labels = new Set<string>();
  for (const line of lines.trim().split('\n')) {
    const [, own = '', text = '', number = ''] = sample.exec(line) ?? assert.fail(`not a sample: ${line}`);
    assert.equal(type === 'histogram' ? own.replace(/_(?:bucket|sum|count)$/, '') : own, name);
    for (const [, label = ''] of text.matchAll(new RegExp(`([a-z_]+)=${value}`, 'g'))) labels.add(label);
    assert.ok(!samples.has(`${own}{${text}}`), `twice: ${line}`);
    samples.set(`${own}{${text}}`, Number(number));
  }
  return { name, type, samples, labels };
}
