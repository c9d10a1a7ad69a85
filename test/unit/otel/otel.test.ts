import assert from 'node:assert/strict';
import { InvalidInputError } from '@org/etcd-naming';
import { instrument } from '@org/etcd-naming/otel';
import { outcomeAttributes } from '#src/otel/failure.js';
import { instruments } from '#src/otel/instruments.js';
import { keyAttributes } from '#src/otel/key-attributes.js';
import { serverAttributes } from '#src/otel/server-address.js';
import { fullMetrics } from '../../support/full-metrics.js';

describe('the options of instrument()', () => {
  it('are refused when unknown, with a suggestion', () => {
    assert.throws(() => instrument({ traceProvider: {} } as never), {
      message: /unknown option 'traceProvider'; did you mean 'tracerProvider'\?/,
    });
    assert.throws(() => instrument({ keys: 'all' } as never), InvalidInputError);
    assert.throws(() => instrument({ meterProvider: {} } as never), /meterProvider\.getMeter/);
  });
});

describe('the server of a span', () => {
  const cases = {
    'localhost:2379': ['localhost', 2379],
    'http://10.0.0.1:2379': ['10.0.0.1', 2379],
    'https://etcd-1.example:2379': ['etcd-1.example', 2379],
    '[::1]:2379': ['::1', 2379],
    'https://[fe80::1]:2379': ['fe80::1', 2379],
    'unix:///run/etcd.sock': ['/run/etcd.sock', undefined],
    'unixs:/run/etcd.sock': ['/run/etcd.sock', undefined],
    'not an endpoint': [undefined, undefined],
  };
  for (const [endpoint, expected] of Object.entries(cases))
    it(`of '${endpoint}' is ${expected.join(' and port ')}`, () => {
      const attributes = serverAttributes(endpoint);
      assert.deepEqual([attributes['server.address'], attributes['server.port']], expected);
    });
});

describe('the keys of a span', () => {
  const range = { key: 'services/a/', rangeEnd: 'services/a0' };
  const one = { key: 'services/b/1', rangeEnd: undefined };
  const flat = { key: 'flat', rangeEnd: undefined };

  it('are left out with none', () => {
    assert.deepEqual(keyAttributes({ ranges: [one] }, 'none'), {});
  });

  it('are, with prefix, what precedes the last slash of each, once', () => {
    assert.deepEqual(keyAttributes({ ranges: [one, range, one, flat] }, 'prefix'), {
      'etcd_naming.key_prefixes': ['services/b/', 'services/a/'],
    });
    assert.deepEqual(keyAttributes({ ranges: [flat] }, 'prefix'), {});
  });

  it('are whole with full, with the ends of ranges', () => {
    assert.deepEqual(keyAttributes({ ranges: [one] }, 'full'), { 'etcd_naming.keys': ['services/b/1'] });
    assert.deepEqual(keyAttributes({ ranges: [one, range] }, 'full'), {
      'etcd_naming.keys': ['services/b/1', 'services/a/'],
      'etcd_naming.range_ends': ['', 'services/a0'],
    });
  });

  it('are cut at 200 characters', () => {
    const long = { key: `${'k'.repeat(5_000)}/`, rangeEnd: `${'k'.repeat(5_000)}0` };
    const expected = [`${'k'.repeat(199)}…`];
    assert.deepEqual(keyAttributes({ ranges: [long, long] }, 'prefix'), {
      'etcd_naming.key_prefixes': expected,
    });
    assert.deepEqual(keyAttributes({ ranges: [long] }, 'full'), {
      'etcd_naming.keys': expected,
      'etcd_naming.range_ends': expected,
    });
  });

  it('are at most 16 of a transaction', () => {
    const ranges = Array.from({ length: 128 }, (_, i) => ({ key: `${i}/`, rangeEnd: undefined }));
    const shown = keyAttributes({ ranges }, 'prefix')['etcd_naming.key_prefixes'];
    assert.equal((shown as string[]).length, 16);
  });
});

describe('the outcome of a span', () => {
  it('has a type from a closed list for the reason of an abort', () => {
    const custom = Object.assign(new Error('for user 7'), { name: 'user-7-left' });
    for (const reason of [custom, 'user-7-left', null, 7])
      assert.deepEqual(outcomeAttributes(reason), {
        'rpc.response.status_code': 'CANCELLED',
        'error.type': 'CANCELLED',
      });
  });
});

describe('the metrics', () => {
  it('each have a value, and none has the key of a record', () => {
    for (const { name, read } of instruments) {
      const observations = [...read(fullMetrics)];
      assert.ok(observations.length > 0, name);
      for (const { value, attributes = {} } of observations) {
        assert.ok(Number.isFinite(value), name);
        assert.ok(!Object.values(attributes).includes('svc/1'), name);
        for (const attribute of Object.keys(attributes)) assert.match(attribute, /^etcd_naming\./);
      }
    }
  });

  it('show times in seconds, and states as 0 or 1', () => {
    const valuesOf = (wanted: string) =>
      instruments.flatMap(({ name, read }) =>
        name === wanted ? [...read(fullMetrics)].map(({ value }) => value) : [],
      );
    assert.deepEqual(valuesOf('watch.lag'), [4.5]);
    assert.deepEqual(valuesOf('lease.margin'), [2.5]);
    assert.deepEqual(valuesOf('directory.age'), [1.5]);
    assert.deepEqual(valuesOf('directory.loss_protection'), [1]);
    assert.deepEqual(valuesOf('member.healthy'), [1]);
    assert.deepEqual(valuesOf('member.connected'), [0]);
  });

  it('have names of their own in the form of the conventions', () => {
    const names = instruments.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
    for (const name of names) assert.match(name, /^[a-z]+(\.[a-z_]+)?$/);
  });
});
