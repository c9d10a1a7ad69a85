export { AcquisitionCore, type AcquisitionCoreOptions } from './acquisition-core.js';
export type { Acquired, AcquisitionEffect, AcquisitionInput, RequestKey } from './protocol.js';
