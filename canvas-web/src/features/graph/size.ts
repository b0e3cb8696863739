/** How large a job is in the graph. */
export const WIDTH = 232;
export const HEIGHT = 76;

/** Below this zoom the letters of a card cannot be read. */
export const READABLE = 0.5;

export interface Place {
  x: number;
  y: number;
}
