/** What rows and their insides are to a screen reader. Elements of a table could not be placed freely, as rows that come into sight are. */
export const asRow = (level: number, { label, chosen, open }: { label?: string; chosen?: boolean; open?: boolean } = {}) =>
  ({ role: 'row', 'aria-level': level, 'aria-label': label, 'aria-selected': chosen, 'aria-expanded': open }) as const;
export const asCell = { role: 'gridcell' } as const;
