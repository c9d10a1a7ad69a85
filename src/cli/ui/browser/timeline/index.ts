export { RecordTimeline, Timeline } from './timeline.js';
