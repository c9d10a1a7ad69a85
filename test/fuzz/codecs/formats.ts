import { coreDns, type EndpointCodec, goMicro, goZero, kitex, kratos } from '#src/codecs/index.js';
import { type Endpoint, goEndpoints } from '#src/naming/index.js';

/** A codec with a service and a valid endpoint of it. */
export interface FormatUnderTest {
  readonly codec: EndpointCodec;
  readonly service: string;
  readonly good: Endpoint;
  /** Values that the format's own framework writes; some are of old versions, or of other kinds of record. */
  readonly samples: readonly string[];
  /** Metadata that is written unless an endpoint has it. */
  readonly adds?: Readonly<Record<string, string>>;
  /** The metadata that an endpoint may also have when it is read again: the record is one of an old version. */
  readonly orReads?: (endpoint: Endpoint) => Endpoint['metadata'];
}

const addr = '10.0.0.7:50051';
/** Not in a sample, and another one for each format. */
const goodAddr = (index: number) => `10.2.${index}.7:50051`;

export const formats: readonly FormatUnderTest[] = [
  {
    codec: goEndpoints,
    service: 'svc',
    good: { addr: goodAddr(1), metadata: { zone: 'a', weight: 2 } },
    samples: [`{"Op":0,"Addr":"${addr}","Metadata":{"zone":"a","weight":2,"status":"draining"}}`],
  },
  {
    codec: goZero(),
    service: 'user.rpc',
    good: { addr: goodAddr(2) },
    samples: [addr, '[2001:db8::7]:8080'],
  },
  {
    codec: kratos(),
    service: 'helloworld',
    good: { addr: goodAddr(3), metadata: { weight: 2, zone: 'a', version: 'v1' } },
    samples: [
      `{"id":"1","name":"helloworld","version":"v1","metadata":{"weight":"2","zone":"a"},"endpoints":["http://10.0.0.7:8000","grpc://${addr}?isSecure=false"]}`,
      `{"id":"1","name":"helloworld","version":"","metadata":null,"endpoints":["grpcs://${addr}","grpc://[2001:db8::7]:80"]}`,
      `{"id":"1","name":"helloworld","version":"","metadata":null,"endpoints":["grpc://10.0.0.8:1?isSecure=true","grpc://${addr}"]}`,
    ],
    orReads: ({ addr: own, metadata }) => {
      const { endpoints = [] } = (metadata ?? {}) as { endpoints?: readonly string[] };
      const url = `grpc://${own.replaceAll('%', '%25')}`;
      return { ...(metadata as object), endpoints: [url, ...endpoints] };
    },
  },
  {
    codec: kitex(),
    service: 'echo',
    good: { addr: goodAddr(4), metadata: { weight: 0.5, zone: 'a' } },
    samples: [
      `{"network":"tcp","address":"${addr}","weight":10,"tags":{"zone":"a","weight":"3"}}`,
      '{"network":"tcp","address":"2001:db8::7:8888","weight":5,"tags":null}',
      '{"network":"unix","address":"/run/echo.sock","weight":0,"tags":{}}',
    ],
  },
  {
    codec: goMicro(),
    service: 'greeter',
    adds: { protocol: 'grpc' },
    good: { addr: goodAddr(5), metadata: { weight: 2, protocol: 'grpc' } },
    samples: [
      `{"name":"greeter","version":"latest","metadata":{"a":"b"},"endpoints":[{"name":"Greeter.Hello","request":{"name":"Request","type":"Request","values":null},"metadata":{"stream":"true"}}],"nodes":[{"id":"greeter-1","address":"${addr}","metadata":{"protocol":"grpc","weight":"2"}}]}`,
      '{"name":"greeter","version":"","metadata":null,"endpoints":[],"nodes":[{"id":"a","address":"10.0.0.7","port":80},{"id":"b","address":"[::1]:81"}]}',
    ],
  },
  {
    codec: coreDns(),
    service: 'my-service.svc.example.org',
    good: { addr: goodAddr(6), metadata: { weight: 0.5, group: 'g' } },
    samples: [
      '{"host":"10.0.0.7","port":50051,"priority":20,"weight":50,"text":"note","ttl":60,"targetstrip":1,"group":"g"}',
      '{"host":"server1.example.org.","port":8080}',
      '{"host":"2001:db8::7","port":8080,"mail":true}',
      '{"host":"a","text":"note"}',
    ],
  },
];

/** On a slow machine, etcd seems silent, and the views would keep each record that is lost after that. */
export const noProtection = { protectionMs: 0 };

/** The id of the valid endpoint's record. */
export function idOf({ codec, good }: FormatUnderTest): string {
  return codec.defaultId?.(good.addr) ?? good.addr;
}

/** Any record of the service. */
export function recordOf({ codec, service }: FormatUnderTest, id: string, value: Buffer) {
  return { service, id, key: codec.keyPrefix(service) + id, value };
}
