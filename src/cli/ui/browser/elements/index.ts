export { Changes } from './changes.js';
export { CopyButton } from './copy-button.js';
export { Age, FirstSeen, Time } from './time.js';
