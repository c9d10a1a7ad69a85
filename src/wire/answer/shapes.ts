import { paths } from '../paths.js';
import { adminAnswerRules } from './admin-shapes.js';
import {
  type AnswerRule,
  any64,
  bytes,
  eventType,
  Field,
  flag,
  message,
  remainingTtl,
  revision,
  Shape,
  ttl,
  watchId,
} from './shape.js';

const header = message(
  () => headerShape, // ResponseHeader
);
const headerShape = new Shape([
  new Field(1, any64),
  new Field(2, any64),
  new Field(3, revision),
  new Field(4, any64),
]);

/** A stored key has at least its name, its create revision and its mod revision. */
const storedKey = new Shape([
  new Field(1, bytes, 'required'),
  new Field(2, revision, 'required'),
  new Field(3, revision, 'required'),
  new Field(4, revision),
  new Field(5, bytes),
  new Field(6, any64),
]);

/** The event of a deletion has only the key's name and the revision of the deletion. */
const eventKey = new Shape([
  new Field(1, bytes, 'required'),
  new Field(2, revision),
  new Field(3, revision, 'required'),
  new Field(4, revision),
  new Field(5, bytes),
  new Field(6, any64),
]);

const keys = message(() => storedKey);

const range = new Shape([
  new Field(1, header),
  new Field(2, keys, 'repeated'),
  new Field(3, flag),
  new Field(4, revision),
]);
const rangeStream = new Shape([
  new Field(
    1,
    message(() => range),
  ),
]);
const put = new Shape([new Field(1, header), new Field(2, keys)]);
const deleteRange = new Shape([new Field(1, header), new Field(2, revision), new Field(3, keys, 'repeated')]);
const txn = new Shape([
  new Field(1, header),
  new Field(2, flag),
  new Field(
    3,
    message(() => operation),
    'repeated',
  ),
]);
const operation = new Shape([
  new Field(
    1,
    message(() => range),
  ),
  new Field(
    2,
    message(() => put),
  ),
  new Field(
    3,
    message(() => deleteRange),
  ),
  new Field(
    4,
    message(() => txn),
  ),
]);
const headerAlone = new Shape([new Field(1, header)]);

const event = new Shape([
  new Field(1, eventType),
  new Field(
    2,
    message(() => eventKey),
    'required',
  ),
  new Field(3, keys),
]);
const watch = new Shape([
  new Field(1, header),
  new Field(2, watchId),
  new Field(3, flag),
  new Field(4, flag),
  new Field(5, revision),
  new Field(6, bytes),
  new Field(7, flag),
  new Field(
    11,
    message(() => event),
    'repeated',
  ),
]);

const leaseGrant = new Shape([
  new Field(1, header),
  new Field(2, any64),
  new Field(3, ttl),
  new Field(4, bytes),
]);
const leaseKeepAlive = new Shape([new Field(1, header), new Field(2, any64), new Field(3, remainingTtl)]);
const leaseTimeToLive = new Shape([
  new Field(1, header),
  new Field(2, any64),
  new Field(3, remainingTtl),
  new Field(4, ttl),
  new Field(5, bytes, 'repeated'),
]);
const leaseStatus = new Shape([new Field(1, any64)]);
const leases = new Shape([
  new Field(1, header),
  new Field(
    2,
    message(() => leaseStatus),
    'repeated',
  ),
]);

/**
 * A fragment has up to 2.05 MB, of events of some 20 bytes at least: 55 MB with their objects.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/etcdserver/api/v3rpc/watch.go, `sendFragments`
 */
const fragmentMemoryBytes = 64 * 1024 * 1024;

/** The rules for the methods that the client calls. Answers of other methods are only limited in size. */
export const answerRules: ReadonlyMap<string, AnswerRule> = new Map<string, AnswerRule>([
  [paths.range, { shape: range, large: true }],
  [paths.rangeStream, { shape: rangeStream, large: true }],
  [paths.put, { shape: put, large: true }], // the previous value
  [paths.deleteRange, { shape: deleteRange, large: true }],
  [paths.txn, { shape: txn, large: true }],
  [paths.compact, { shape: headerAlone, large: false }],
  [paths.watch, { shape: watch, large: true, leastMemoryBytes: fragmentMemoryBytes }],
  [paths.leaseGrant, { shape: leaseGrant, large: false }],
  [paths.leaseRevoke, { shape: headerAlone, large: false }],
  [paths.leaseKeepAlive, { shape: leaseKeepAlive, large: false }],
  [paths.leaseTimeToLive, { shape: leaseTimeToLive, large: true }], // every key attached
  [paths.leaseLeases, { shape: leases, large: true }], // every lease of the store
  ...adminAnswerRules(new Field(1, header), headerAlone),
]);
