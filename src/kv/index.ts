export { type BatchLimits, batchLimits, ReadBatcher } from './batch/index.js';
export { type Decode, decode } from './decode/decode.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './decode/validator.js';
export type { KvClient } from './kv-client.js';
export { KvClientImpl, type KvClientSettings } from './kv-client-impl.js';
export { namespacedKvCalls } from './namespace.js';
export { type Compare, type CompareResult, compare, type Op, op, type Txn } from './txn/txn.js';
export type {
  CompactOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  GetResult,
  OpResult,
  PutOptions,
  PutResult,
  RangeBatch,
  RangeOptions,
  RangeResult,
  StreamOptions,
  TxnResult,
  WriteCallOptions,
} from './types.js';
export { type Change, provesNotApplied } from './update/change.js';
export type { KvUpdateFunction, KvUpdateOptions, KvUpdateResult } from './update/types.js';
