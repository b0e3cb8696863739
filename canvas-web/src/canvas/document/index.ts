/**
 * The canvas document, without React and without the DOM: read it, change it, undo, copy, import and export.
 *
 * `openDocument(doc)` reads; see `CanvasDocument` in ../types.ts. Nothing else listens to Yjs or spells a key of the document.
 * Whatever changes the document by this person's hand happens in one transaction with origin `LOCAL`; letters typed into a text use `TEXT`.
 */
export { LOCAL, TEXT } from './origins';
export { isNewer, type OpenDocument, openDocument, type Schedule } from './read';
