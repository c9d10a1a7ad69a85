import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '#src/diagnostics/index.js';
import { protoFolder } from '#src/raw/index.js';
import { pageText, sectionOf } from '../../support/pages.js';

const page = 'docs/observability.md';
const alerts = readFileSync(join(protoFolder(), '../examples/observability/alerts.yml'), 'utf8');

/** The functions of the table of loggers, by the logger. */
const adapters = new Map(
  [...(sectionOf(page, 'Logs') ?? '').matchAll(/^\| (\w+) \| `(\(.*\) => .*)` \|$/gm)].map(
    ([, name = '', code = '']) => [name, code],
  ),
);

/** The arguments with which an adapter calls the method of its logger. */
function calledWith(adapter: string, method: string): unknown[] {
  const calls: unknown[][] = [];
  const logger = { [method]: (...args: unknown[]) => calls.push(args) };
  const make = new Function('log', 'console', `return ${adapters.get(adapter)}`) as (
    log: object,
    console: object,
  ) => Logger;
  make(logger, logger)('warn', 'a text', { topic: 'watch' });
  assert.equal(calls.length, 1);
  return calls[0]!;
}

describe(page, () => {
  it('has adapters that call each logger by its own rules', () => {
    assert.deepEqual(calledWith('console', 'warn'), ['a text', { topic: 'watch' }]);
    assert.deepEqual(calledWith('pino', 'warn'), [{ topic: 'watch' }, 'a text']);
    assert.deepEqual(calledWith('winston', 'log'), ['warn', 'a text', { topic: 'watch' }]);
  });

  it('lists the alerts of examples/observability, each with its thresholds', () => {
    const rows = [...pageText(page).matchAll(/^\| `(EtcdNaming\w+)` \| (.*) \| .* \|$/gm)];
    const rules = alerts.split(/^ {6}- alert: /m).slice(1);
    assert.deepEqual(
      rows.map(([, alert]) => alert),
      rules.map((rule) => /^\w+/.exec(rule)?.[0]),
    );
    for (const [index, rule] of rules.entries()) {
      const [, alert = '', when = ''] = rows[index] ?? [];
      const seconds = /^ {8}for: (\d+)s$/m.exec(rule)?.[1];
      if (seconds) assert.ok(when.includes(`${seconds} s`), `${alert}: for ${seconds} s`);
      const [, threshold] = /_seconds [<>] ([\d.]+)$/m.exec(rule) ?? [];
      if (threshold) assert.ok(when.includes(`${threshold} s`), `${alert}: ${threshold} s`);
    }
    assert.ok(rules.length > 10);
  });
});
