/** Who made a change, as Yjs transactions name it. Undo follows these two and nobody else's. */

/** A command of this person. */
export const LOCAL = { origin: 'coord-local' } as const;
/** Letters this person types; merged into one step of undo while they type. */
export const TEXT = { origin: 'coord-text' } as const;
