import assert from 'node:assert/strict';
import { ClassifiedKeyValue, classifier } from '#src/cli/ui/catalog/content.js';
import { goMicro, goZero } from '#src/codecs/index.js';
import { endpointKv, endpointValue, kvOf } from './kvs.js';

const classify = classifier(undefined);
const contentOf = (...args: Parameters<typeof kvOf>) => classify(kvOf(...args)).content;

describe('classifier()', () => {
  it('reads an endpoint with its traits', () => {
    const metadata = { weight: 3, zone: 'a', status: 'draining', labels: { tier: 'x' } };
    assert.deepEqual(classify(endpointKv('a/b/c', '10.0.0.1:1', { metadata })).content, {
      kind: 'endpoint',
      service: 'a/b',
      id: 'c',
      addr: '10.0.0.1:1',
      metadata,
      large: undefined,
      weight: 3,
      zone: 'a',
      status: 'draining',
      draining: true,
    });
  });

  it('keeps a hash instead of the value, and its own results as they are', () => {
    const value = endpointValue('h:1', 'x'.repeat(100_000));
    const classified = classify(kvOf('a/b', value, { lease: 7n, create: 2n, mod: 5n, version: 3n }));
    assert.ok(classified instanceof ClassifiedKeyValue);
    assert.ok(classified.value.length < 64);
    assert.equal(classify(classified), classified);
    assert.ok(
      classified.isSameAs(classify(kvOf('a/b', value, { lease: 7n, create: 2n, mod: 5n, version: 3n }))),
    );
    const others = [
      kvOf('a/b', `${value} `, { lease: 7n, create: 2n, mod: 5n, version: 3n }),
      kvOf('a/b', value, { lease: 8n, create: 2n, mod: 5n, version: 3n }),
      kvOf('a/b', value, { lease: 7n, create: 3n, mod: 5n, version: 3n }),
      kvOf('a/b', value, { lease: 7n, create: 2n, mod: 6n, version: 3n }),
      kvOf('a/b', value, { lease: 7n, create: 2n, mod: 5n, version: 4n }),
    ];
    for (const kv of others) assert.equal(classified.isSameAs(classify(kv)), false);
  });

  it('leaves out metadata of more than 4 kB', () => {
    const content = contentOf('a/b', endpointValue('h:1', { zone: 'z', text: 'x'.repeat(5_000) }));
    assert.ok(content.kind === 'endpoint');
    assert.equal(content.metadata, undefined);
    assert.ok((content.large ?? 0) > 5_000);
    assert.equal(content.zone, 'z');
  });

  it('leaves out metadata of many levels, of a size that is not large', () => {
    const deep = `${'['.repeat(1_500)}${']'.repeat(1_500)}`;
    const content = contentOf('a/b', `{"Op":0,"Addr":"h:1","Metadata":${deep}}`);
    assert.ok(content.kind === 'endpoint');
    assert.equal(content.metadata, undefined);
    assert.ok((content.large ?? 0) > 3_000);
  });

  it('cuts an address, a zone and a status of any length, without half a character', () => {
    const content = contentOf(
      'a/b',
      endpointValue('😀'.repeat(300_000), { zone: 'z'.repeat(9_999), status: 'é'.repeat(999) }),
    );
    assert.ok(content.kind === 'endpoint');
    assert.ok(content.addr.length <= 1_000 && !/\p{Surrogate}/u.test(content.addr));
    assert.ok(content.addr.endsWith('😀…'));
    assert.equal(content.zone, `${'z'.repeat(199)}…`);
    assert.equal(content.status?.length, 200);
  });

  it('says why a value is not an endpoint', () => {
    const contents = ['text', '{"a":1}', endpointValue('')].map((value) => contentOf('a/b', value));
    for (const content of contents) {
      assert.ok(content.kind === 'unreadable');
      assert.notEqual(content.problem, '');
      assert.deepEqual([content.service, content.id], ['a', 'b']);
    }
  });

  it('ignores keys without a service', () => {
    for (const key of ['plain', '/plain', 'x'.repeat(5_000)])
      assert.deepEqual(contentOf(key, endpointValue('h:1')), { kind: 'other' });
  });

  it('omits records and members with keys of more than 4,096 bytes', () => {
    const longest = `a/${'é'.repeat(2_047)}`;
    assert.equal(contentOf(longest, endpointValue('h:1')).kind, 'endpoint');
    assert.deepEqual(contentOf(`${longest}x`, endpointValue('h:1')), { kind: 'omitted' });
    assert.deepEqual(contentOf(`${longest}/1f`, '', { lease: 31n }), { kind: 'omitted' });
    assert.deepEqual(contentOf(`${longest}x`, 'text'), { kind: 'other' });
  });

  it('reads the service from keys with a trailing slash, bytes that are not UTF-8, and names of object members', () => {
    for (const [key, service, id] of [
      ['a/', 'a', ''],
      ['a//', 'a/', ''],
      ['a/\udcff', 'a', '\udcff'],
      ['__proto__/constructor', '__proto__', 'constructor'],
    ] as const) {
      const content = contentOf(key, endpointValue('h:1'));
      assert.ok(content.kind === 'endpoint');
      assert.deepEqual([content.service, content.id], [service, id]);
    }
  });

  describe('a key whose last segment is its own lease in hexadecimal', () => {
    const lease = 0x694d81a2b3c4d5e6n;

    it('is a member of a queue', () => {
      for (const value of ['', 'host-1', '10.0.0.1:1'])
        assert.deepEqual(contentOf('jobs/nightly/694d81a2b3c4d5e6', value, { lease }), {
          kind: 'member',
          queue: 'jobs/nightly',
          value,
        });
      assert.equal(contentOf('jobs/1f', '', { lease: 31n }).kind, 'member');
    });

    it('is not one with the id of another lease, in upper case, padded, or without a lease', () => {
      assert.equal(contentOf('jobs/694d81a2b3c4d5e6', '', { lease: 5n }).kind, 'unreadable');
      assert.equal(contentOf('jobs/694D81A2B3C4D5E6', '', { lease }).kind, 'unreadable');
      assert.equal(contentOf('jobs/001f', '', { lease: 31n }).kind, 'unreadable');
      assert.equal(contentOf('jobs/0', '', { lease: 0n }).kind, 'unreadable');
    });

    it('is a record if its value has an address', () => {
      assert.equal(contentOf('svc/1f', endpointValue('h:1'), { lease: 31n }).kind, 'endpoint');
    });

    it('is a member with go-zero, whose records are bare addresses', () => {
      const zero = classifier(goZero());
      assert.equal(zero(kvOf('svc/1f', '10.0.0.1:1', { lease: 31n })).content.kind, 'member');
      assert.equal(zero(kvOf('svc/31', '10.0.0.1:1', { lease: 31n })).content.kind, 'endpoint');
    });

    it('has the first kilobyte of its value as text', () => {
      const bytes = Buffer.concat([Buffer.from([0xff]), Buffer.alloc(1_000_000, '€')]);
      const content = classify(kvOf('jobs/1f', bytes, { lease: 31n })).content;
      assert.ok(content.kind === 'member');
      assert.equal(content.value, `\ufffd${'€'.repeat(998)}…`);
    });
  });

  it('reads the records of a codec, and ignores keys that are not below its root', () => {
    const micro = classifier(goMicro());
    const value = JSON.stringify({
      name: 'greeter',
      version: '1',
      nodes: [{ id: 'n1', address: '10.0.0.1:1' }],
    });
    const content = micro(kvOf('/micro/registry/greeter/n1', value)).content;
    assert.ok(content.kind === 'endpoint');
    assert.deepEqual([content.service, content.id, content.addr], ['greeter', 'n1', '10.0.0.1:1']);
    assert.deepEqual(micro(kvOf('/elsewhere/greeter/n1', value)).content, { kind: 'other' });
  });
});
