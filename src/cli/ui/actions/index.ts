export { type ActionOptions, RecordActions } from './record-actions.js';
