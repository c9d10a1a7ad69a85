export { Changes } from './changes.js';
export { CopyButton } from './copy-button.js';
export { Disclosure } from './disclosure.js';
export { failureText } from './failure-text.js';
export { returnFocus, useBorrowedFocus } from './focus.js';
export { Age, FirstSeen, Time } from './time.js';
export { usePoll } from './use-poll.js';
