export {
  anything,
  boolean,
  type Check,
  callback,
  type DurationBounds,
  duration,
  int64,
  listOf,
  longestTimerMs,
  methods,
  type NumberBounds,
  number,
  oneOf,
  signal,
  text,
  timeout,
  ttl,
  waitChecks,
  wholeNumber,
} from './checks.js';
export { nearest } from './nearest.js';
export {
  type Checks,
  checkSignalOnly,
  checkWait,
  noOptions,
  type OptionsCheck,
  type OptionTexts,
  optionsOf,
} from './options.js';
export { shown, wrongType, wrongValue } from './shown.js';
