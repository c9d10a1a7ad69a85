export { type Bytes, notBytesError, toBuffer } from './bytes.js';
export { parseGoDuration } from './go-duration.js';
export { canonicalHost, hostProblem, invisibleCharacterProblem } from './host.js';
export { type HostPort, type SplitProblem, splitHostPort } from './host-port.js';
export { checkInt64, minInt64 } from './int64.js';
export {
  type BytesJson,
  bytesToJson,
  collectionWithJson,
  resultToJson,
  withJson,
} from './json.js';
export {
  checkKeyRange,
  contains,
  type KeyRange,
  keyAfter,
  prefixEnd,
  toWireRange,
  type WireRange,
} from './key-range.js';
export { isKeyText, keyBytes, keyText, printable, sortByKey } from './key-text.js';
export type { KeyValue, LeaseId, Revision, WatchEvent } from './key-value.js';
export { checkLeaseId, describeLease, formatLeaseId, parseLeaseId } from './lease-id.js';
export { namespaceKey, namespaceRange, stripPrefix } from './namespace.js';
export {
  anything,
  boolean,
  type Check,
  type Checks,
  callback,
  checkSignalOnly,
  checkWait,
  closestName,
  type DurationBounds,
  duration,
  formatValue,
  int64,
  listOf,
  longestTimerMs,
  type NumberBounds,
  noOptions,
  number,
  type OptionsCheck,
  type OptionTexts,
  objectWithMethods,
  oneOf,
  optionsChecker,
  signal,
  text,
  timeout,
  ttl,
  waitChecks,
  wholeNumber,
  wrongTypeError,
  wrongValueError,
} from './options/index.js';
export { isLoopback, isOwnHost, isWildcard } from './own-host.js';
export { nextPageStart } from './paging.js';
export {
  type AccessDescription,
  type AccessedRange,
  describeAccess,
} from './range-description.js';
export { isServerName, toAuthority, withoutRootDot } from './server-name.js';
