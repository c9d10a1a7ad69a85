export { type Instrumentation, type InstrumentOptions, instrument } from './instrument.js';
export type { KeyDetail } from './key-attributes.js';
