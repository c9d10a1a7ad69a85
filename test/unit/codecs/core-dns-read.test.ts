import { coreDns } from '#src/codecs/index.js';
import { addr, good, host } from './support/core-dns-shapes.js';
import { itReads } from './support/shapes.js';

const service = 'my-service.svc.example.org';
const codec = coreDns();

describe('a value of CoreDNS, read', () => {
  itReads(codec, service, [
    { name: 'a host and a port', value: `{${good}}`, reads: { addr } },
    {
      name: 'a host name',
      value: '{"host":"server1.example.org","port":8080}',
      reads: { addr: 'server1.example.org:8080' },
    },
    {
      name: 'a host name with the dot of the root',
      value: '{"host":"server1.example.org.","port":8080}',
      reads: { addr: 'server1.example.org.:8080' },
    },
    { name: 'an IPv6 address', value: '{"host":"::1","port":8080}', reads: { addr: '[::1]:8080' } },
    {
      name: 'every member',
      value: `{${good},"priority":20,"weight":50,"text":"note","mail":false,"ttl":60,"targetstrip":1,"group":"g1"}`,
      reads: {
        addr,
        metadata: { priority: 20, weight: 0.5, text: 'note', ttl: 60, targetstrip: 1, group: 'g1' },
      },
    },
    { name: 'the default weight', value: `{${good},"weight":100}`, reads: { addr, metadata: { weight: 1 } } },
    { name: 'the least weight', value: `{${good},"weight":1}`, reads: { addr, metadata: { weight: 0.01 } } },
    {
      name: 'weight and priority 0, which are absent',
      value: `{${good},"weight":0,"priority":0}`,
      reads: { addr },
    },
    {
      name: 'the ttl of the documentation',
      value: '{"host":"skydns-local.server","ttl":60,"priority":10,"port":8080}',
      reads: { addr: 'skydns-local.server:8080', metadata: { priority: 10, ttl: 60 } },
    },
    {
      name: 'a text beside an IP address, as external-dns writes',
      value: `{${good},"text":"heritage=external-dns","targetstrip":1}`,
      reads: { addr, metadata: { text: 'heritage=external-dns', targetstrip: 1 } },
    },
    {
      name: 'a targetstrip beside a name',
      value: '{"host":"a.b","port":1,"targetstrip":1}',
      reads: /there is a targetstrip: CoreDNS answers another name/,
    },
    {
      name: 'a targetstrip of all labels, which has no effect, beside a name',
      value: '{"host":"a.b.","port":1,"targetstrip":2}',
      reads: { addr: 'a.b.:1', metadata: { targetstrip: 2 } },
    },
    {
      name: 'a text beside a name',
      value: '{"host":"a","port":1,"text":"t"}',
      reads: /answers only the text/,
    },
    { name: 'an empty text beside a name', value: '{"host":"a","port":1,"text":""}', reads: { addr: 'a:1' } },
    { name: 'only a text (TXT)', value: '{"ttl":60,"text":"a text"}', reads: undefined },
    {
      name: 'a mail server (MX)',
      value: '{"host":"mx.example.org","priority":5,"mail":true}',
      reads: undefined,
    },
    { name: 'a mail server with a port', value: `{${good},"mail":true}`, reads: undefined },
    { name: 'no member', value: '{}', reads: undefined },
    { name: 'null', value: 'null', reads: undefined },
    {
      name: 'a host without a port',
      value: `{${host}}`,
      reads: /no port; coreDns\(\) has the option defaultPort/,
    },
    { name: 'port 0', value: `{${host},"port":0}`, reads: /no port/ },
    { name: 'port -1', value: `{${host},"port":-1}`, reads: /port is -1, not a number from 0 to 65535/ },
    { name: 'a port over 65535', value: `{${host},"port":65536}`, reads: /port is 65536, not a number/ },
    {
      name: 'a port as text',
      value: `{${host},"port":"50051"}`,
      reads: /port is "50051", not a whole number/,
    },
    {
      name: 'a port with a fraction',
      value: `{${host},"port":1.0}`,
      reads: /port is 1.0, not a whole number/,
    },
    {
      name: 'a port with an exponent',
      value: `{${host},"port":1e3}`,
      reads: /port is 1e3, not a whole number/,
    },
    {
      name: 'a port over 64 bits',
      value: `{${host},"port":9223372036854775808}`,
      reads: /port is 9223372036854775808, not a whole number/,
    },
    {
      name: 'the greatest numbers',
      value: `{${good},"priority":65535,"weight":2147483647,"ttl":4294967295,"targetstrip":2147483647}`,
      reads: {
        addr,
        metadata: { priority: 65535, weight: 21474836.47, ttl: 4294967295, targetstrip: 2147483647 },
      },
    },
    { name: 'a weight over 31 bits', value: `{${good},"weight":2147483648}`, reads: /weight is 2147483648/ },
    {
      name: 'a text beside an IPv6 address with a zone, which is a name to CoreDNS',
      value: '{"host":"fe80::1%eth0","port":1,"text":"t"}',
      reads: /answers only the text/,
    },
    {
      name: 'an IPv6 address with a zone',
      value: '{"host":"fe80::1%eth0","port":1}',
      reads: { addr: '[fe80::1%eth0]:1' },
    },
    { name: 'a negative weight', value: `{${good},"weight":-1}`, reads: /weight is -1/ },
    { name: 'a negative ttl', value: `{${good},"ttl":-0}`, reads: /ttl is -0, not a number of seconds/ },
    { name: 'a ttl over 32 bits', value: `{${good},"ttl":4294967296}`, reads: /ttl is 4294967296/ },
    { name: 'a host that is a number', value: '{"host":7,"port":1}', reads: /host is 7, not a string/ },
    { name: 'mail that is a text', value: `{${good},"mail":"no"}`, reads: /mail is "no", not true or false/ },
    {
      name: 'a host with its port',
      value: '{"host":"10.0.0.7:50051","port":50051}',
      reads: /host '10.0.0.7:50051' cannot be dialled/,
    },
    { name: 'a host in brackets', value: '{"host":"[::1]","port":1}', reads: /cannot be dialled/ },
    {
      name: 'the host unix, which gRPC does not take for a host',
      value: '{"host":"unix","port":1}',
      reads: /cannot be dialled/,
    },
    { name: 'a URL as host', value: '{"host":"http://a","port":1}', reads: /cannot be dialled/ },
    {
      name: 'a host with a space',
      value: '{"host":"a b","port":1}',
      reads: /cannot be dialled: it has a space/,
    },
    { name: 'an empty host', value: '{"host":"","port":1}', reads: undefined },
    { name: 'names in another case', value: '{"HOST":"10.0.0.7","Port":50051}', reads: { addr } },
    {
      name: 'a name with a long s, which Go folds',
      value: '{"ho\u017ft":"10.0.0.7","port":50051}',
      reads: { addr },
    },
    {
      name: 'a name with a ligature, which Go does not fold',
      value: '{"ho\ufb06":"10.0.0.7","port":50051}',
      reads: undefined,
    },
    { name: 'members that are null', value: `{${good},"weight":null,"host":null}`, reads: { addr } },
    { name: 'a repeated member', value: `{"host":"a","port":70000,${good}}`, reads: { addr } },
    { name: 'a repeated member, reset', value: `{${good},"weight":7,"weight":0}`, reads: { addr } },
    {
      name: 'unknown members, such as key',
      value: `{${good},"key":"/x","__proto__":{"mail":true}}`,
      reads: { addr },
    },
    {
      name: 'a text that is not UTF-8',
      value: Buffer.from(`{${good},"text":"\xff\xfe"}`, 'latin1'),
      reads: { addr, metadata: { text: '\ufffd\ufffd' } },
    },
    {
      name: 'a host that is not UTF-8',
      value: Buffer.from('{"host":"\xff","port":1}', 'latin1'),
      reads: /cannot be dialled/,
    },
    {
      name: 'a text with half a surrogate pair',
      value: `{${good},"text":"\\ud800"}`,
      reads: { addr, metadata: { text: '\ufffd' } },
    },
    { name: 'no bytes', value: '', reads: /the value is empty/ },
    { name: 'a bare address', value: addr, reads: /the value is not JSON/ },
    { name: 'a list', value: '[]', reads: /is not a JSON object/ },
    { name: 'the beginning of a value', value: `{${good}`, reads: /the value is not JSON: the end/ },
    {
      name: "an endpoint in Go's format",
      value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
      reads: undefined,
    },
    {
      name: 'a long text',
      value: `{${good},"text":"${'t'.repeat(1 << 20)}"}`,
      reads: { addr, metadata: { text: 't'.repeat(1 << 20) } },
    },
    { name: 'a very deep member', value: `{${good},"x":${'['.repeat(20_000)}}`, reads: /nested deeper than/ },
  ]);

  describe('with a default port', () => {
    itReads(coreDns({ defaultPort: 50051 }), service, [
      { name: 'is that of a host without a port', value: `{${host}}`, reads: { addr } },
      {
        name: 'is not that of a record with a port',
        value: `{${host},"port":1}`,
        reads: { addr: '10.0.0.7:1' },
      },
      { name: 'is not that of a mail server', value: `{${host},"mail":true}`, reads: undefined },
    ]);
  });
});
