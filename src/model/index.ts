export { type Bytes, notBytes, toBuffer } from './bytes.js';
export { parseGoDuration } from './go-duration.js';
export { canonicalHost, hostProblem, unseenProblem } from './host.js';
export { type HostPort, type SplitProblem, splitHostPort } from './host-port.js';
export { checkInt64, smallestInt64 } from './int64.js';
export { type BytesJson, bytesJson, listWithJson, membersJson, withJson } from './json.js';
export {
  contains,
  type KeyRange,
  keyAfter,
  prefixEnd,
  rangeNames,
  toWireRange,
  type WireRange,
} from './key-range.js';
export { isKeyText, keyBytes, keyText, printable, sortByKey } from './key-text.js';
export type { KeyValue, LeaseId, Revision, WatchEvent } from './key-value.js';
export { checkLeaseId, formatLeaseId, leaseText, parseLeaseId } from './lease-id.js';
export { namespaceKey, namespaceRange, stripPrefix } from './namespace.js';
export {
  anything,
  boolean,
  type Check,
  type Checks,
  callback,
  checkSignalOnly,
  checkWait,
  type DurationBounds,
  duration,
  int64,
  listOf,
  longestTimerMs,
  methods,
  type NumberBounds,
  nearest,
  noOptions,
  number,
  type OptionsCheck,
  type OptionTexts,
  oneOf,
  optionsOf,
  shown,
  signal,
  text,
  timeout,
  ttl,
  waitChecks,
  wholeNumber,
  wrongType,
  wrongValue,
} from './options/index.js';
export { isLoopback, isOwnHost, isWildcard } from './own-host.js';
export { afterPage } from './paging.js';
export {
  describeTouched,
  type TouchedDescription,
  type TouchedRange,
} from './range-description.js';
export { authorityOfName, isServerName, withoutRootDot } from './server-name.js';
