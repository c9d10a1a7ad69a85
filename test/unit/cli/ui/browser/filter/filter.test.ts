import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EndpointRow, Json } from '#src/cli/ui/protocol/index.js';
import { endpointFields } from '#ui/browser/endpoints/endpoint-fields.js';
import { compileFilter } from '#ui/browser/filter/compile-filter.js';
import { findField } from '#ui/browser/filter/field-set.js';
import { matchesGlob } from '#ui/browser/filter/glob.js';
import { endpointRow } from '../../../../../support/ui-rows.js';

const row = endpointRow({
  ...{ key: 'shop/Node-1', id: 'Node-1', addr: '10.0.0.1:8080', weight: 3, zone: 'eu-1', status: 'draining' },
  metadata: JSON.parse(
    '{"version":"1.10","port":8080,"ready":true,"labels":{"rack":"r 7"},"a.b":{"c":"dots"},"tags":["blue","green"]}',
  ) as Json,
});

function matches(text: string, item: EndpointRow = row): boolean {
  return compileFilter(text, endpointFields).matches(item);
}

function hints(text: string): readonly string[] {
  return compileFilter(text, endpointFields).hints;
}

describe('a filter of endpoints', () => {
  it('finds words in the key, the address and the metadata, without regard to case', () => {
    for (const text of ['', 'node', 'NODE-1', '0.1:80', 'blue', 'rack', 'node blue', 'sh*p', 'n*1*blue'])
      assert.ok(matches(text), text);
    for (const text of ['node-2', 'node red', 'blue*node']) assert.ok(!matches(text), text);
  });

  it('searches text with spaces and operators in quotes', () => {
    assert.ok(matches('"r 7"'));
    assert.ok(matches('metadata.labels.rack:"r 7"'));
    assert.ok(!matches('"zone:eu-1"'), 'a field in quotes is text');
    assert.ok(!matches('"r 8"'));
  });

  it('compares a field by text, pattern or whole value', () => {
    for (const text of [
      'status:drain',
      'zone:eu-*',
      'zone~EU',
      'zone=eu-1',
      'zone=eu*',
      'zone!=eu',
      'id:node*',
    ])
      assert.ok(matches(text), text);
    for (const text of ['status:up', 'zone:u-*', 'zone=eu', 'zone=EU-1', 'zone!=eu-1', 'zone!=eu*'])
      assert.ok(!matches(text), text);
  });

  it('compares numbers as numbers, and texts in natural order', () => {
    for (const text of [
      ...['weight>2', 'weight>=3', 'weight<3.5', 'weight<=3', 'metadata.port>999', 'zone<eu-2'],
      ...['metadata.version>1.9', 'metadata.version<1.11.0', 'metadata.port>1.9.0', 'zone<eu-10'],
    ])
      assert.ok(matches(text), text);
    for (const text of ['weight>3', 'weight<3', 'metadata.version<1.9', 'zone>eu-2', 'zone>=eu-10'])
      assert.ok(!matches(text), text);
  });

  it('compares a number with numbers and texts that begin like a version alone', () => {
    const count = (text: string, values: readonly Json[]) =>
      values.filter((v) => matches(text, endpointRow({ metadata: { v } }))).length;
    const versions = Array.from({ length: 30 }, (_, i) => `1.${i}.0`);
    assert.equal(count('metadata.v>1.9', versions), 21);
    assert.equal(count('metadata.v<1.9', versions), 9);
    const others = ['abc', true, false, null, ['abc'], {}, '', '3f', '-'];
    for (const text of ['metadata.v>1', 'metadata.v<1', 'metadata.v>=0', 'metadata.v<=0'])
      assert.equal(count(text, others), 0, text);
    assert.equal(count('metadata.v>a', [true, null, 5]), 0);
    assert.equal(count('metadata.v<-2', [-3, '-3', '-1', -1]), 2);
  });

  it('knows a field by its name, its aliases and its heading', () => {
    for (const text of [
      ...['address:8080', 'addr:8080', 'Address:8080', 'ID=Node-1', 'created=1', 'create-revision=1'],
      ...['modified=1', 'mod-revision=1', 'first-seen>=0', '"First seen">=0', 'weight=3'],
    ])
      assert.ok(matches(text), text);
    for (const { name, label } of endpointFields.fields)
      assert.equal(findField(label, endpointFields)?.name, name);
  });

  it('finds records without a lease, and says that what is left of a lease cannot be compared', () => {
    const leased = endpointRow({ lease: '1f' });
    for (const text of ['lease:permanent', 'lease=none', 'lease:none']) {
      assert.ok(matches(text), text);
      assert.ok(!matches(text, leased), text);
    }
    assert.ok(matches('lease!=none', leased));
    assert.ok(matches('lease=1f', leased));
    assert.match(hints('lease<5').join(), /visible rows only.*“lease<5” is ignored/);
    assert.ok(matches('lease<5'));
  });

  it('does not count a record that is not an endpoint as one with a weight, an address or without a lease', () => {
    const unreadable = endpointRow({ problem: 'x', addr: '' });
    for (const text of ['weight>=0', 'address:*', 'lease=permanent', 'metadata:*'])
      assert.ok(!matches(text, unreadable), text);
  });

  it('finds names of the metadata with spaces, operators and quotes', () => {
    const odd = endpointRow({ metadata: { 'a name': 'x', 'k=v': 2, 'say "hi"': { b: 'y' } } });
    for (const text of [
      'metadata."a name"=x',
      '"metadata.a name"=x',
      'metadata."k=v">1',
      'metadata."say \\"hi\\"".b=y',
    ])
      assert.ok(matches(text, odd), text);
    assert.ok(!matches('metadata."a name"=y', odd));
  });

  it('reads the metadata for words, and for fields of it', () => {
    const reads = (text: string) => compileFilter(text, endpointFields).readsMetadata;
    for (const text of ['word', '-word', 'metadata:x', 'metadata.a=x']) assert.ok(reads(text), text);
    for (const text of ['', 'zone:x', 'addr:1']) assert.ok(!reads(text), text);
  });

  it('finds values at paths of the metadata, and each element of a list', () => {
    for (const text of [
      'metadata.a.b.c=dots',
      'metadata.tags=green',
      'metadata.tags.0=blue',
      'metadata.ready=true',
    ])
      assert.ok(matches(text), text);
    assert.ok(!matches('metadata.tags.1=blue'));
  });

  it('negates a term with a minus', () => {
    assert.ok(matches('-red -status:up'));
    assert.ok(!matches('-node'));
    assert.ok(!matches('-status:draining'));
    assert.ok(matches('-zone!=eu-1'));
  });

  it('does not match a field that is absent, unless the term is negative', () => {
    assert.ok(!matches('metadata.none:*'));
    assert.ok(matches('metadata.labels.rack:*'));
    assert.ok(matches('metadata.none!=x'));
  });

  it('does not read properties of prototypes', () => {
    for (const text of ['metadata.constructor:*', 'metadata.labels.toString:*', 'metadata.__proto__:*'])
      assert.ok(!matches(text), text);
    const own = endpointRow({ metadata: JSON.parse('{"__proto__":{"x":"y"}}') as Json });
    assert.ok(matches('metadata.__proto__.x=y', own));
  });

  it('searches what is not a field as text', () => {
    assert.ok(matches('0.1:8080'));
    assert.ok(matches('node-1"'));
    assert.deepEqual(hints('10.0.0.1:8080'), []);
  });

  it('has hints for a field that it does not know, a value and a quote that are missing', () => {
    assert.match(hints('stauts:draining').join(), /“stauts” is not a field here.*Fields: service, address, /);
    assert.match(hints('stauts=draining').join(), /“stauts” is not a field here/);
    assert.match(hints('status:').join(), /no value yet/);
    assert.match(hints('"a').join(), /quote is not closed/);
    assert.deepEqual(hints('a status:draining metadata.x>1'), []);
  });

  it('ignores a term without a value', () => {
    assert.ok(matches('status:'));
    assert.ok(matches('-'));
    assert.ok(matches('""'));
  });

  it('matches metadata that is nested deeper than JSON.stringify can follow', () => {
    const deep = endpointRow({ metadata: JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as Json });
    assert.ok(matches('shop', deep));
    assert.ok(matches('metadata:nested', deep));
  });

  it('is a filter, whatever the text is', () => {
    const text = fc.array(
      fc.constantFrom('a', '"', '-', ':', '=', '!', '*', '~', ' ', '>', 'zone', 'metadata.'),
    );
    fc.assert(
      fc.property(text, (parts) => {
        assert.equal(typeof matches(parts.join('')), 'boolean');
      }),
    );
  });
});

describe('a pattern with *', () => {
  it('matches as the regular expression does', () => {
    const letters = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((parts) => parts.join(''));
    const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(letters, pattern, (text, glob) => {
        assert.equal(matchesGlob(text, glob), new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is matched in linear time', () => {
    assert.equal(matchesGlob('a'.repeat(200_000), `${'*a'.repeat(10_000)}*b`), false);
  });
});
