import {
  anything,
  boolean,
  type Check,
  checkKeyRange,
  int64,
  listOf,
  minInt64,
  optionsChecker,
  waitChecks,
  wholeNumber,
} from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { Compare, Op, Txn } from './txn/txn.js';
import type {
  CompactOptions,
  DeleteOptions,
  GetOptions,
  PutOptions,
  RangeOptions,
  StreamOptions,
  WriteCallOptions,
} from './types.js';
import type { KvUpdateOptions } from './update/types.js';

const revision = int64(0n);

const readChecks = {
  revision,
  serializable: boolean,
  keysOnly: boolean,
  minModRevision: revision,
  maxModRevision: revision,
  minCreateRevision: revision,
  maxCreateRevision: revision,
};

const limit: Check = (value, name) => (typeof value === 'bigint' ? int64(0n) : wholeNumber())(value, name);

/** The values of `sort` are checked when the request is built. */
const rangeChecks = {
  ...readChecks,
  limit,
  countOnly: boolean,
  sort: optionsChecker<NonNullable<RangeOptions['sort']>>({ by: anything, order: anything }),
};

const putChecks = {
  lease: int64(minInt64),
  prevKv: boolean,
  ignoreValue: boolean,
  ignoreLease: boolean,
};
const deleteChecks = { prevKv: boolean };
const writeCallChecks = { ...waitChecks, idempotent: boolean };

const oneKeyHint = 'get() reads one key; use range()';
const allKeysHint = 'stream() reads all keys, by key ascending';

export const checkGet = optionsChecker<GetOptions & CallOptions>(
  { ...readChecks, ...waitChecks },
  { refused: { limit: oneKeyHint, sort: oneKeyHint, countOnly: oneKeyHint } },
);
export const checkRangeOptions = optionsChecker<RangeOptions & CallOptions>({
  ...rangeChecks,
  ...waitChecks,
});
export const checkStream = optionsChecker<StreamOptions>(
  { ...readChecks, ...waitChecks, pageSize: wholeNumber({ min: 1 }) },
  { refused: { limit: allKeysHint, sort: allKeysHint, countOnly: allKeysHint } },
);
export const checkPut = optionsChecker<PutOptions & WriteCallOptions>({ ...putChecks, ...writeCallChecks });
export const checkDelete = optionsChecker<DeleteOptions & WriteCallOptions>({
  ...deleteChecks,
  ...writeCallChecks,
});
export const checkWriteCall = optionsChecker<WriteCallOptions>(writeCallChecks);
export const checkUpdate = optionsChecker<KvUpdateOptions>(
  { lease: putChecks.lease, maxAttempts: wholeNumber({ min: 1 }), ...writeCallChecks },
  { suggestions: { retries: 'maxAttempts', attempts: 'maxAttempts' } },
);
export const checkCompact = optionsChecker<CompactOptions & CallOptions>({
  physical: boolean,
  ...waitChecks,
});

type OpOf<Type extends Op['type']> = Extract<Op, { readonly type: Type }>;

const opChecks: Readonly<Record<Op['type'], Check>> = {
  put: optionsChecker<OpOf<'put'>>({
    type: anything,
    key: anything,
    value: anything,
    options: optionsChecker<PutOptions>(putChecks),
  }),
  range: optionsChecker<OpOf<'range'>>({
    type: anything,
    range: checkKeyRange,
    options: optionsChecker<RangeOptions>(rangeChecks),
  }),
  delete: optionsChecker<OpOf<'delete'>>({
    type: anything,
    range: checkKeyRange,
    options: optionsChecker<DeleteOptions>(deleteChecks),
  }),
  txn: optionsChecker<OpOf<'txn'>>({ type: anything, txn: (txn, name) => checkTxnInput(txn, name) }),
};

/** A value that is not an operation is rejected when the request is built. */
const opInput: Check = (one, name) => {
  const type = (one as Partial<Op> | null)?.type;
  if (type !== undefined && Object.hasOwn(opChecks, type)) opChecks[type](one, name);
};

const compareInput = optionsChecker<Compare>({
  key: checkKeyRange,
  result: anything,
  target: anything,
  value: anything,
});

/** The names that other clients use. */
const namesElsewhere = [
  ['if', 'compare'],
  ['then', 'success'],
  ['else', 'failure'],
];

/** Checks the property names of a transaction and of all nested ones. */
export const checkTxnInput = optionsChecker<Txn>(
  { compare: listOf(compareInput), success: listOf(opInput), failure: listOf(opInput) },
  { label: 'the transaction', suggestions: Object.fromEntries(namesElsewhere) },
);
