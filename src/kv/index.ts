export { KvClient } from './kv-client.js';
export { type Compare, type CompareResult, compare, type Op, op, type Txn } from './txn.js';
export type {
  DeleteOptions,
  DeleteResult,
  GetResult,
  OpResult,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  TxnResult,
  WriteCallOptions,
} from './types.js';
