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
  type NumberBounds,
  number,
  objectWithMethods,
  oneOf,
  signal,
  text,
  timeout,
  ttl,
  waitChecks,
  wellFormedText,
  wholeNumber,
} from './checks.js';
export { closestName } from './closest-name.js';
export { InternalOption } from './internal-option.js';
export {
  type Checks,
  checkSignalOnly,
  checkWait,
  noOptions,
  type OptionsCheck,
  type OptionTexts,
  optionsChecker,
} from './options.js';
export {
  formatValue,
  wrongTypeError,
  wrongValueError,
} from './value-errors.js';
