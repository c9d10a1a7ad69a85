export { serviceText } from './service-columns.js';
export { ServicesView } from './services-view.js';
