export { EndpointPicker } from './endpoint-picker.js';
export type { PickerOptions } from './options.js';
export { type PickOptions, pick } from './pick.js';
export type { PickedEndpoint } from './picked-endpoint.js';
