/**
 * A library below refractor makes an element when it is loaded, to decode entities by; a worker has no document. This one decodes none, and
 * entities are coloured as they are written.
 */
Object.assign(globalThis, { document: { createElement: () => ({ innerHTML: '', textContent: '' }) } });
