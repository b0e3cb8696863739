/** How large a job is in the graph. */
export const WIDTH = 232;
export const HEIGHT = 76;

export interface Place {
  x: number;
  y: number;
}
