import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { endpointFields } from '#ui/browser/endpoints/endpoint-fields.js';
import type { FieldSet } from '#ui/browser/filter/index.js';
import { serviceFields } from '#ui/browser/services/service-fields.js';

const text = readFileSync('docs/ui.md', 'utf8');

/** The first cells of the table after a text: the names of a field in its own order. */
function documented(before: string): string[][] {
  const [, table = ''] = text.slice(text.indexOf(before)).split('|---|---|\n');
  const rows = table.split('\n\n')[0]?.split('\n') ?? [];
  return rows.map((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

function names<T>({ fields }: FieldSet<T>): string[][] {
  return fields.map(({ name, aliases = [] }) => [name, ...aliases]);
}

describe('the documentation of filters', () => {
  it('has all fields with their names', () => {
    assert.deepEqual(documented('| Field of an endpoint |'), [
      ...names(endpointFields),
      ['metadata.labels.rack'],
    ]);
    assert.deepEqual(documented('| Field of a service |'), names(serviceFields));
  });
});
