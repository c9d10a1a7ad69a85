import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Event, KeyValue } from '#src/gen/etcd/kv.js';
import {
  AuthService,
  ClusterService,
  KVService,
  MaintenanceService,
  type TxnResponse,
  type WatchResponse,
  WatchService,
} from '#src/gen/etcd/rpc.js';
import type { WatchEvent } from '#src/model/index.js';
import { decodeAnswer } from '#src/wire/answer/decode.js';
import { answerRules } from '#src/wire/answer/shapes.js';
import * as adminMethods from '#src/wire/codec/admin-methods.js';
import { deleteRange, put, range, rangeStream, txn } from '#src/wire/codec/kv-answers.js';
import { readBatch } from '#src/wire/codec/read-batch.js';
import { watch } from '#src/wire/codec/watch-answer.js';
import { type Method, methodName } from '#src/wire/method.js';
import { anyMessage, anyMutation } from './any-answer.js';

const maxBytes = 1024 * 1024;

/** A decoder of src/wire/codec, and what it has to return for a value of the generated one. */
export interface ComparedDecoder {
  readonly name: string;
  readonly method: Method<never, unknown>;
  readonly generated: Method<never, unknown>;
  /** Undefined for a value that the decoder has to refuse. */
  readonly expected: (value: unknown) => unknown;
  /** How many answers are compared. Default 4,000; fewer for the decoders that share their code. */
  readonly runs?: number;
}

export const comparedDecoders: readonly ComparedDecoder[] = [
  { name: 'Range', method: range, generated: KVService.range, expected: same },
  { name: 'RangeStream', method: rangeStream, generated: KVService.rangeStream, expected: same },
  { name: 'Put', method: put, generated: KVService.put, expected: same },
  { name: 'DeleteRange', method: deleteRange, generated: KVService.deleteRange, expected: same },
  { name: 'Txn', method: txn, generated: KVService.txn, expected: same },
  { name: 'a batch of reads', method: readBatch, generated: KVService.txn, expected: toReads },
  { name: 'Watch', method: watch, generated: WatchService.watch, expected: withWatchEvents },
  ...Object.values<Method<never, unknown>>(adminMethods).map((method) => {
    const { path } = method;
    return { name: methodName(method), method, generated: adminGenerated(path), expected: same, runs: 400 };
  }),
];

function adminGenerated(path: string): Method<never, unknown> {
  const services = [AuthService, ClusterService, MaintenanceService];
  const all = services.flatMap((service) => Object.values<Method<never, unknown>>(service));
  const found = all.find((method) => method.path === path);
  assert.ok(found, path);
  return found;
}

/** How many answers both decoders accepted, and refused. */
export interface Outcomes {
  accepted: number;
  refused: number;
}

/** Both decoders return the same for arbitrary and for mutated bytes, or both refuse them. */
export function sameDecoding({ method, generated, expected }: ComparedDecoder, outcomes: Outcomes) {
  const shape = answerRules.get(method.path)?.shape;
  assert.ok(shape);
  return fc.property(fc.oneof(anyMessage(shape), anyMutation(anyMessage(shape))), (message) => {
    const bytes = Buffer.from(message);
    const reference = attempt(generated, bytes);
    const found = attempt(method, bytes);
    assert.deepEqual(found, reference && expected(reference));
    outcomes[found ? 'accepted' : 'refused']++;
  });
}

function attempt(method: Method<never, unknown>, bytes: Buffer): unknown {
  try {
    return decodeAnswer(method, bytes, maxBytes);
  } catch {
    return undefined;
  }
}

function same(value: unknown): unknown {
  return value;
}

function toReads(value: unknown): unknown {
  const { header, succeeded, responses } = value as TxnResponse;
  const kvs: (KeyValue | undefined)[] = [];
  for (const { response } of responses) {
    if (response?.$case !== 'responseRange' || response.value.kvs.length > 1) return undefined;
    kvs.push(response.value.kvs[0]);
  }
  return succeeded ? { header, kvs } : undefined;
}

function withWatchEvents(value: unknown): unknown {
  const { events, ...fields } = value as WatchResponse;
  return { ...fields, events: events.map(toWatchEvent) };
}

function toWatchEvent({ type, kv, prevKv }: Event): WatchEvent {
  assert.ok(kv);
  const event = { type: type === 0 ? ('put' as const) : ('delete' as const), kv };
  return prevKv ? { ...event, prevKv } : event;
}
