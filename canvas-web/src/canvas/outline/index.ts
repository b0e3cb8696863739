export type { OutlineActions } from './deeds';
export { Outline, type OutlineProps } from './outline';
