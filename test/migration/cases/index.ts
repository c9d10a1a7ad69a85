import type { Cases } from '../support/case.js';
import { adminCases } from './admin.js';
import { clientCases } from './client.js';
import { kvCases } from './kv.js';
import { lockCases } from './locks.js';
import { streamCases } from './streams.js';

/** The case of each row of docs/migrating/from-etcd3.md, by the code of the row's first cell. */
export const cases: Cases = { ...kvCases, ...streamCases, ...lockCases, ...adminCases, ...clientCases };
