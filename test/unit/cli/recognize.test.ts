import assert from 'node:assert/strict';
import { type Frameworks, loadFrameworks } from '#src/cli/args/codec.js';
import { describeFormat, recognizeFormat } from '#src/cli/doctor/recognize.js';

const go = '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":null}';
const kratos =
  '{"id":"a1","name":"shop","version":"v1","metadata":{},"endpoints":["http://10.0.0.7:8000","grpc://10.0.0.7:9000"]}';
const kratosTls =
  '{"id":"a1","name":"shop","version":"","metadata":null,"endpoints":["grpcs://10.0.0.7:9000"]}';
const goMicro =
  '{"name":"shop","version":"latest","metadata":null,"endpoints":[],"nodes":[{"id":"shop-1","address":"10.0.0.7:9000","metadata":{"protocol":"grpc"}}]}';
const kitex = '{"network":"tcp","address":"10.0.0.7:8888","weight":10,"tags":null}';
const kratosHttp =
  '{"id":"a1","name":"shop","version":"","metadata":null,"endpoints":["http://10.0.0.7:8000"]}';
const coreDns = '{"host":"10.0.0.7","port":50051,"ttl":60}';

/** The codec that cannot read the record, its key and value, and the text of what it is recognized as. */
type Row = readonly [except: string, key: string, value: string, text: string | undefined];

const readable: readonly Row[] = [
  ['endpoints', 'shop/8236', '10.0.0.7:8080', 'go-zero: etcd-naming doctor shop --codec go-zero'],
  ['endpoints', 'a/shop/8236', '[2001:db8::7]:80', 'go-zero: etcd-naming doctor a/shop --codec go-zero'],
  ['endpoints', '/microservices/shop/a1', kratos, 'kratos: etcd-naming doctor shop --codec kratos'],
  [
    'endpoints',
    '/microservices/shop/a1',
    kratosTls,
    `kratos: etcd-naming doctor shop --codec kratos --codec-options '{"secure":true}'`,
  ],
  [
    'kratos',
    '/microservices/shop/a1',
    kratosTls,
    `kratos: etcd-naming doctor shop --codec kratos --codec-options '{"secure":true}'`,
  ],
  [
    'endpoints',
    '/team-a/shop/a1',
    kratos,
    'kratos: etcd-naming doctor shop --codec kratos --codec-prefix /team-a',
  ],
  ['endpoints', '/shop/a1', kratos, "kratos: etcd-naming doctor shop --codec kratos --codec-prefix ''"],
  ['kratos', '/shop/a1', kratos, "kratos: etcd-naming doctor shop --codec kratos --codec-prefix ''"],
  [
    'endpoints',
    '/shop/a1',
    kratosTls,
    `kratos: etcd-naming doctor shop --codec kratos --codec-prefix '' --codec-options '{"secure":true}'`,
  ],
  [
    'endpoints',
    '/shop/10.0.0.7:8888',
    kitex,
    "kitex: etcd-naming doctor shop --codec kitex --codec-prefix ''",
  ],
  ['endpoints', 'shop/a1', kratos, 'kratos, stored under another kind of key'],
  ['endpoints', '/micro/registry/shop/shop-1', goMicro, 'go-micro: etcd-naming doctor shop --codec go-micro'],
  [
    'endpoints',
    '/micro-registry/shop/shop-1',
    goMicro,
    'go-micro: etcd-naming doctor shop --codec go-micro --codec-prefix /micro-registry',
  ],
  [
    'endpoints',
    '/skydns/org/example/shop/1',
    coreDns,
    'coredns: etcd-naming doctor shop.example.org --codec coredns',
  ],
  ['endpoints', '/dns/org/1', coreDns, 'coredns: etcd-naming doctor org --codec coredns --codec-prefix /dns'],
  [
    'endpoints',
    'kitex/registry-etcd/shop/10.0.0.7:8888',
    kitex,
    'kitex: etcd-naming doctor shop --codec kitex',
  ],
  [
    'endpoints',
    'team/shop/10.0.0.7:8888',
    kitex,
    'kitex: etcd-naming doctor shop --codec kitex --codec-prefix team',
  ],
  ['endpoints', '/microservices/shop/a1', kratosHttp, 'kratos: etcd-naming doctor shop --codec kratos'],
  ['coredns', '/microservices/shop/a1', kratosHttp, 'kratos: etcd-naming doctor shop --codec kratos'],
  [
    'endpoints',
    '/skydns/org/shop/1',
    '{"text":"only a text"}',
    'coredns: etcd-naming doctor shop.org --codec coredns',
  ],
  ['endpoints', 'config/db/1', coreDns, 'coredns, stored under another kind of key'],
  [
    'endpoints',
    '/ns/team/shop/a1',
    kratos.replace('shop', 'team/shop'),
    'kratos: etcd-naming doctor team/shop --codec kratos --codec-prefix /ns',
  ],
  ['kratos', '/microservices/shop/a1', go, 'etcd’s Go client: etcd-naming doctor /microservices/shop'],
  ['go-zero', 'shop/e1', go, 'etcd’s Go client: etcd-naming doctor shop'],
  ['coredns', 'shop/e1', '10.0.0.7:80', 'go-zero: etcd-naming doctor shop --codec go-zero'],
];

const unreadable: readonly Row[] = [
  ...[
    '',
    'null',
    '{}',
    '[]',
    '1',
    'true',
    '"10.0.0.7:80"',
    'hello',
    'http://10.0.0.7:80',
    '10.0.0.7',
    '10.0.0.7:80\n',
    '10.0.0.7:99999',
    '\xff\xfe',
    '{"Addr":""}',
    '{"Addr":7}',
    '{"name":"shop"}',
    '{"name":"shop","endpoints":[]}',
    '{"name":"shop","endpoints":["ftp://10.0.0.7:1"]}',
    '{"name":"shop","nodes":[]}',
    '{"host":"10.0.0.7"}',
    '{"network":"tcp"}',
    '{"network":"tcp","address":""}',
    '{"text":"only a text"}',
    '{'.repeat(50_000),
    '['.repeat(200_000),
    `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
  ].map((value): Row => ['kratos', 'shop/e1', value, undefined]),
  ['endpoints', 'shop/e1', go, undefined],
  // A record of the codec itself, or stored where the framework does not look.
  ['kratos', '/microservices/shop/a1', kratosHttp, undefined],
  ['endpoints', 'shop/a1', kratosHttp, undefined],
  // Two codecs read it: neither is suggested.
  ['kratos', 'shop/e1', '{"host":"10.0.0.7","port":1,"Addr":"10.0.0.8:1"}', undefined],
  // A key from which a command for a shell could be made.
  ['endpoints', '$(reboot)/e1', '10.0.0.7:80', 'go-zero'],
  ['endpoints', '--help/e1', '10.0.0.7:80', 'go-zero'],
  ['endpoints', "it's/e1", '10.0.0.7:80', 'go-zero'],
  ['endpoints', '/`id`/shop/a1', kratos, 'kratos'],
  ['kratos', '/microservices/shop/a1', kratos.replace('shop', 'other'), undefined],
];

describe('recognizeFormat', () => {
  let frameworks: Frameworks;
  before(async () => {
    frameworks = await loadFrameworks();
  });

  for (const [except, key, value, text] of [...readable, ...unreadable]) {
    const shown = JSON.stringify(value).slice(0, 60);
    it(`says ${text === undefined ? 'nothing' : `'${text}'`} about ${shown} under ${key}, which ${except} cannot read`, () => {
      const format = recognizeFormat({ key, value: Buffer.from(value, 'latin1') }, frameworks, except);
      assert.equal(format && describeFormat(format), text);
    });
  }
});
