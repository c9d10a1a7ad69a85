import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { EtcdError } from '#src/errors/index.js';
import {
  AuthService,
  ClusterService,
  KVService,
  LeaseService,
  MaintenanceService,
  WatchService,
} from '#src/gen/etcd/rpc.js';
import { protoFolder } from '#src/raw/index.js';
import { decodeAnswer, itemOverheadBytes, maxSmallAnswerBytes } from '#src/wire/answer/decode.js';
import { delimited, type Field, type Shape } from '#src/wire/answer/shape.js';
import { answerRules } from '#src/wire/answer/shapes.js';
import type { Method } from '#src/wire/method.js';
import { paths } from '#src/wire/paths.js';

const sourcesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const MiB = 1024 * 1024;
const services = { AuthService, ClusterService, KVService, LeaseService, MaintenanceService, WatchService };
const methods = Object.values(services).flatMap(
  (service) => Object.values(service) as unknown as Method<never, unknown>[],
);
const methodOf = (path: string) => methods.find((method) => method.path === path)!;
const decode = (path: string, bytes: Uint8Array, maxBytes = 64 * MiB) =>
  decodeAnswer(methodOf(path), Buffer.from(bytes), maxBytes);

function refusal(path: string, bytes: Uint8Array, maxBytes?: number): EtcdError {
  try {
    decode(path, bytes, maxBytes);
  } catch (error) {
    assert.ok(error instanceof EtcdError, String(error));
    return error;
  }
  throw new assert.AssertionError({
    message: `accepted: ${Buffer.from(bytes).toString('hex').slice(0, 200)}`,
  });
}

type Build = (writer: BinaryWriter) => void;
const bytesOf = (build: Build) => {
  const writer = new BinaryWriter();
  build(writer);
  return writer.finish();
};

/** The required fields of the message. */
const filled =
  ({ fields }: Shape): Build =>
  (writer) => {
    for (const field of fields) {
      if (!field?.required) continue;
      writer.uint32(field.number * 8 + field.wireType);
      if (field.shape) writer.bytes(bytesOf(filled(field.shape())));
      else if (field.wireType === delimited) writer.bytes(Buffer.from('k'));
      else writer.int64(1n);
    }
  };

/** All numbers in a method's answers, each as a function that builds an answer with another number there. */
function* numbersIn(
  shape: Shape,
  name: string,
  depth = 0,
): Generator<{ name: string; field: Field; answer: (value: bigint) => Build }> {
  if (depth > 4) return;
  for (const field of shape.fields) {
    if (!field) continue;
    const at = `${name}.${field.number}`;
    const rest: Build = (writer) =>
      filled({ fields: shape.fields.filter((other) => other !== field) } as unknown as Shape)(writer);
    const tag = field.number * 8 + field.wireType;
    if (field.wireType !== delimited) {
      const answer =
        (value: bigint): Build =>
        (writer) => {
          rest(writer);
          writer.uint32(tag).int64(value);
        };
      yield { name: at, field, answer };
    } else if (field.shape) {
      for (const inner of numbersIn(field.shape(), at, depth + 1)) {
        const answer =
          (value: bigint): Build =>
          (writer) => {
            rest(writer);
            writer.uint32(tag).bytes(bytesOf(inner.answer(value)));
          };
        yield { ...inner, answer };
      }
    }
  }
}

describe('an answer', () => {
  const outside = [2n ** 62n, 2n ** 63n - 1n, -2n, -(2n ** 63n)];

  for (const [path, { shape }] of answerRules) {
    it(`of ${path} is refused with a number out of range in any field`, () => {
      for (const { name, field, answer } of numbersIn(shape, path)) {
        const within = BigInt(Math.max(field.min, 0)) + 1n;
        decode(path, bytesOf(answer(within)));
        if (field.maxExclusive === Number.POSITIVE_INFINITY) {
          for (const value of outside) decode(path, bytesOf(answer(value)));
          continue;
        }
        if (field.min === -1) decode(path, bytesOf(answer(-1n)));
        const tooLarge =
          BigInt(field.maxExclusive) > 2n ** 63n - 1n ? [] : [BigInt(field.maxExclusive), 2n ** 63n - 1n];
        // -2 stands for any number below -1.
        const tooSmall = field.min === -2 ? [] : [BigInt(field.min) - 1n, -(2n ** 63n)];
        for (const value of [...tooLarge, ...tooSmall]) {
          assert.match(
            String(refusal(path, bytesOf(answer(value))).cause),
            /out of range/,
            `${name}: ${value}`,
          );
        }
      }
    });
  }

  it('has a rule for every method that the source calls', () => {
    assert.deepEqual([...answerRules.keys()].sort(), Object.values(paths).sort());
    const others = sourcesOf(join(protoFolder(), '../src')).filter(
      (file) =>
        !/^(gen|raw)\/|^wire\/paths\.ts$/.test(file) &&
        /\b[A-Z]\w+Service\.[a-z]|'\/etcdserverpb\./.test(
          readFileSync(join(protoFolder(), '../src', file), 'utf8'),
        ),
    );
    assert.deepEqual(others, []);
  });

  it('has a range for each 64-bit number and a type for each field of the protocol', () => {
    const lock = readFileSync(join(protoFolder(), 'wire.lock'), 'utf8').split('\n');
    const missing: string[] = [];
    const seen = new Set<string>();
    const check = (shape: Shape, message: string): void => {
      if (seen.has(message)) return;
      seen.add(message);
      for (const line of lock.filter((one) => one.startsWith(`field ${message} `))) {
        const [, , number = '', name = '', type = '', typeName = ''] = line.split(' ');
        const field = shape.fields[Number(number)];
        if (!field) {
          missing.push(`${message}.${name}`);
          continue;
        }
        const isDelimited = ['message', 'bytes', 'string'].includes(type);
        assert.equal(field.wireType === delimited, isDelimited, line);
        assert.equal(field.repeated, line.endsWith(' repeated'), line);
        if (field.shape) check(field.shape(), typeName);
        else assert.notEqual(type, 'message', line);
      }
    };
    for (const [path, { shape }] of answerRules) {
      const rpc = lock.find((line) => line.startsWith(`rpc ${path} `) || line.includes(` ${path} `));
      const message = /returns \((?:stream )?(\S+)\)/.exec(rpc ?? '')?.[1];
      assert.ok(message, path);
      check(shape, message);
    }
    assert.deepEqual(missing, []);
    assert.ok(seen.size > 20, [...seen].join());
  });

  const kv = (build: Build): Build => {
    return (writer) => writer.uint32(18).bytes(bytesOf(build));
  };
  const range = KVService.range.path;
  const good = kv((writer) =>
    writer.uint32(10).bytes(Buffer.from('k')).uint32(16).int64(1n).uint32(24).int64(2n),
  );

  it('is refused with a key-value that lacks its key or a revision, or has it as zero in many bytes', () => {
    decode(range, bytesOf(good));
    const bad: Record<string, Build> = {
      empty: () => {},
      'without key': (writer) => writer.uint32(16).int64(1n).uint32(24).int64(2n),
      'with an empty key': (writer) =>
        writer.uint32(10).bytes(Buffer.alloc(0)).uint32(16).int64(1n).uint32(24).int64(2n),
      'without create revision': (writer) => writer.uint32(10).bytes(Buffer.from('k')).uint32(24).int64(2n),
      'without mod revision': (writer) => writer.uint32(10).bytes(Buffer.from('k')).uint32(16).int64(2n),
      'with zero in two bytes': (writer) =>
        writer
          .uint32(10)
          .bytes(Buffer.from('k'))
          .uint32(16)
          .int64(1n)
          .uint32(24)
          .raw(Buffer.from([0x80, 0])),
    };
    for (const [name, build] of Object.entries(bad)) {
      assert.match(refusal(range, bytesOf(kv(build))).message, /not of etcd's protocol/, name);
    }
  });

  it('is refused with fields twice, of the wrong type, longer than their message, or too deep', () => {
    const header: Build = (writer) => writer.uint32(10).bytes(bytesOf((inner) => inner.uint32(24).int64(1n)));
    const deep = (levels: number): Build =>
      levels === 0
        ? () => {}
        : (writer) =>
            writer.uint32(26).bytes(bytesOf((op) => op.uint32(34).bytes(bytesOf(deep(levels - 1)))));
    const bad: [string, Build, RegExp][] = [
      [range, (writer) => void [header(writer), header(writer)], /duplicate/],
      [range, (writer) => writer.uint32(8).int64(1n), /wrong type/],
      [range, (writer) => writer.uint32(10).raw(Buffer.from([5, 24, 1])), /longer/],
      [range, (writer) => writer.uint32(10).raw(Buffer.from([2, 0x2a, 5, 0, 0, 0, 0, 0])), /longer/],
      [range, (writer) => writer.uint32(11), /type/],
      [range, (writer) => writer.uint32(0), /field number/],
      [range, (writer) => writer.uint32(32).raw(Buffer.alloc(10, 0xff)), /64 bits/],
      [KVService.txn.path, deep(60), /too deep/],
    ];
    for (const [path, build, reason] of bad) {
      assert.match(String(refusal(path, bytesOf(build)).cause), reason);
    }
    decode(KVService.txn.path, bytesOf(deep(40)));
  });

  it('may report a lease that has expired but is not revoked yet', () => {
    const { path } = LeaseService.leaseTimeToLive;
    const answer = bytesOf((writer) =>
      writer
        .uint32(3 * 8)
        .int64(-30n)
        .uint32(4 * 8)
        .int64(10n),
    );
    assert.equal((decode(path, answer) as { TTL: bigint }).TTL, -30n);
  });

  it('may have fields that a newer etcd adds', () => {
    decode(
      range,
      bytesOf((writer) => {
        good(writer);
        writer
          .uint32(800)
          .int64(-1n)
          .uint32(802)
          .bytes(Buffer.from('new'))
          .uint32(805)
          .fixed32(1)
          .uint32(801)
          .fixed64(1n);
      }),
    );
  });

  it('counts against the limit with its size in memory, before it is decoded', () => {
    const element = bytesOf(good);
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => element));
    decode(range, many, many.length + 10_000 * itemOverheadBytes);
    const error = refusal(range, many, many.length + 9_999 * itemOverheadBytes);
    assert.equal(error.reason, 'ResponseTooLarge');
    // The attack: 25 million empty key-values.
    const empty = Buffer.alloc(50_000_000);
    for (let i = 0; i < empty.length; i += 2) empty.writeUInt16BE(0x1200, i);
    assert.match(refusal(range, empty).message, /protocol|memory/);
  });

  it('is limited to 4 MiB unless it has values or lists', () => {
    const padding =
      (length: number): Build =>
      (writer) =>
        writer.uint32(802).bytes(Buffer.alloc(length));
    for (const [path, { large }] of answerRules) {
      decode(path, bytesOf(padding(maxSmallAnswerBytes - 20)));
      const over = bytesOf(padding(maxSmallAnswerBytes));
      if (large) decode(path, over);
      else assert.equal(refusal(path, over).reason, 'ResponseTooLarge', path);
    }
  });
});
