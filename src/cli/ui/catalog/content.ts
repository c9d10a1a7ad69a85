import { hash } from 'node:crypto';
import {
  type Endpoint,
  type EndpointCodec,
  type JsonValue,
  type KeyValue,
  keyText,
  type LeaseId,
  type Revision,
  readTraits,
} from '../../../index.js';
import { queueOf } from '../../data/queue-key.js';
import { explain, statusOf } from '../../data/records.js';
import { serviceFormat, serviceOf } from '../../data/services.js';
import type { Json } from '../protocol/index.js';
import { cut, limits } from './limits.js';

/** What a key stands for. `omitted`: an endpoint, or a member of a queue, whose key is too long for the stream. */
export type Content =
  | EndpointContent
  | UnreadableContent
  | MemberContent
  | { readonly kind: 'omitted' }
  | { readonly kind: 'other' };

interface Place {
  readonly service: string;
  readonly id: string;
}

export interface EndpointContent extends Place {
  readonly kind: 'endpoint';
  readonly addr: string;
  readonly metadata: Json | undefined;
  /** The size of the value in bytes, if its metadata is left out. */
  readonly large: number | undefined;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly status: string | undefined;
  readonly draining: boolean;
}

/** A value that is not an endpoint, in the place of one. */
export interface UnreadableContent extends Place {
  readonly kind: 'unreadable';
  readonly problem: string;
}

/** A member of the queue of a lock or an election. */
export interface MemberContent {
  readonly kind: 'member';
  readonly queue: string;
  readonly value: string;
}

const other: Content = { kind: 'other' };
const omitted: Content = { kind: 'omitted' };

/** A key-value of the mirror that has its content instead of its value, of which it keeps only a hash. */
export class ClassifiedKeyValue implements KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: bigint;
  readonly lease: LeaseId;
  readonly content: Content;

  constructor(kv: KeyValue, content: Content) {
    this.key = kv.key;
    this.value = Buffer.from(hash('sha256', kv.value, 'base64'));
    this.createRevision = kv.createRevision;
    this.modRevision = kv.modRevision;
    this.version = kv.version;
    this.lease = kv.lease;
    this.content = content;
  }

  /** Whether it is the same write, also if the store was replaced in between. */
  isSameAs(kv: ClassifiedKeyValue): boolean {
    const { createRevision, modRevision, version, lease } = this;
    return (
      createRevision === kv.createRevision &&
      modRevision === kv.modRevision &&
      version === kv.version &&
      lease === kv.lease &&
      this.value.equals(kv.value)
    );
  }
}

/** Returns its own results unchanged. */
export type Classify = (kv: KeyValue) => ClassifiedKeyValue;

/** Decodes each key-value once, so that the mirror does not keep the values. */
export function classifier(codec: EndpointCodec | undefined): Classify {
  return (kv) => (kv instanceof ClassifiedKeyValue ? kv : new ClassifiedKeyValue(kv, classify(codec, kv)));
}

function classify(codec: EndpointCodec | undefined, kv: KeyValue): Content {
  const content = contentOf(codec, kv);
  if (kv.key.length <= limits.keyBytes) return content;
  return content.kind === 'endpoint' || content.kind === 'member' ? omitted : other;
}

/**
 * A value that has an address is an endpoint, also if its key ends with its lease's id, as some programs choose it. A
 * bare text, as go-zero's records are, says too little for that: the proposals of elections often are addresses.
 */
function contentOf(codec: EndpointCodec | undefined, kv: KeyValue): Content {
  const key = keyText(kv.key);
  const queue = queueOf(key, kv.lease);
  if (queue !== undefined && codec?.name === 'go-zero') return memberOf(queue, kv.value);
  const content = readRecord(codec, key, kv.value);
  return queue === undefined || content.kind === 'endpoint' ? content : memberOf(queue, kv.value);
}

function memberOf(queue: string, value: Buffer): MemberContent {
  // A character has at most 4 bytes, and a longer text is cut.
  const text = value.subarray(0, limits.queueValueLength * 4 + 4).toString();
  return { kind: 'member', queue, value: cut(text, limits.queueValueLength) };
}

function readRecord(codec: EndpointCodec | undefined, key: string, value: Buffer): Content {
  const service = serviceOf(codec, key);
  const format = service === undefined ? undefined : serviceFormat(service, codec);
  if (service === undefined || !format || !key.startsWith(format.prefix)) return other;
  const place: Place = { service, id: key.slice(format.prefix.length) };
  const decoded = format.decode(key, value);
  if (decoded === 'foreign') return other;
  if (decoded === 'invalid') {
    const { problem } = explain({ service, codec }, { key, id: place.id, value });
    return { kind: 'unreadable', ...place, problem: cut(problem, limits.textLength) };
  }
  if (decoded.addr === '') return { kind: 'unreadable', ...place, problem: 'it has no address' };
  return { ...describeEndpoint(decoded, value.length), ...place };
}

function describeEndpoint({ addr, metadata }: Endpoint, bytes: number): Omit<EndpointContent, keyof Place> {
  const { weight, zone, draining } = readTraits(metadata);
  const status = statusOf(metadata);
  const isLarge = bytes > limits.valueBytes || isDeeperThan(metadata, limits.metadataDepth);
  return {
    kind: 'endpoint',
    addr: cut(addr, limits.addrLength),
    // Metadata that was decoded has no undefined members.
    metadata: isLarge ? undefined : ((metadata ?? undefined) as Json | undefined),
    large: isLarge ? bytes : undefined,
    weight,
    zone: zone === undefined ? undefined : cut(zone, limits.textLength),
    status: status === undefined ? undefined : cut(status, limits.textLength),
    draining,
  };
}

function isDeeperThan(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}
