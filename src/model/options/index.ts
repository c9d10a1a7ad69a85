export {
  anything,
  boolean,
  type Check,
  callback,
  type DurationBounds,
  duration,
  int64,
  longestTimerMs,
  type NumberBounds,
  number,
  oneOf,
  signal,
  text,
  timeout,
  waitChecks,
  wholeNumber,
} from './checks.js';
export { nearest } from './nearest.js';
export { type Checks, noOptions, type OptionsCheck, type OptionTexts, optionsOf } from './options.js';
export { shown, wrongType, wrongValue } from './shown.js';
