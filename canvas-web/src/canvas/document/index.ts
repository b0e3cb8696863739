/**
 * The canvas document, without React and without the DOM: read it, change it, undo, copy, import and export.
 *
 * `openDocument(doc)` reads; see `CanvasDocument` in ../types.ts. Nothing else listens to Yjs or spells a key of the document.
 *
 * `commands.…(document, …)` change it. Each is one transaction with origin `LOCAL` and so one step of undo, and answers an `Outcome`: `ok` with
 * the ids to select next and what was left alone (`skipped`: locked, gone, nested too deep), or a `reason` in words for the person.
 * `words(outcome)` says what to tell. A command decides by the document as it is when it is called, and knows no rights: keep it from viewers.
 *
 *     commands.createObject(document, { type: 'sticky', x: 40, y: 80 }, me)
 *     commands.moveBy(document, selection, dx, dy, into)      // a drop; `into` is the group under it, null for none
 *     commands.move(document, [{ id, x, y }])                 // points relative to the group
 *     commands.resize(document, [{ id, x, y, w, h }])
 *     commands.deleteObjects(document, selection)             // ids of objects and connectors
 *
 * Coordinates in views are relative to the group; `worldPoint`, `worldBox` and `toLocal` translate.
 *
 * Letters typed into a text go to `document.text(id)` inside `document.doc.transact(…, TEXT)`; `commands.spliceText` makes the smallest change.
 *
 * Elsewhere: `openUndo` (undo.ts), `copy`/`cut`/`paste` (clipboard/), `readFile` and the exports (files/), `template` (templates.ts), `find` (find.ts).
 * Files and templates are not exported here: few open them, and what imports this would carry them along.
 */
export {
  type Copied,
  copy,
  cut,
  type Pasting,
  paste,
  pasteFragment,
  pasteText,
  type Received,
  readFromSystem,
  received,
  sizeOf,
  type Upload,
  write,
  writeToSystem,
} from './clipboard';
export * as commands from './commands';
export { type Done, type Outcome, type Refused, type Skipped, words } from './edit';
export { type Found, find, type Search } from './find';
export { ancestors, around, outermost, overlap, subtree, toLocal, worldBox, worldPoint } from './geometry';
export { isId, uuid, webAddress } from './heal';
export { newId } from './ids';
export { LOCAL, TEXT } from './origins';
export { isNewer, type OpenDocument, openDocument, type Schedule } from './read';
export { openUndo, type UndoStack, type UndoState, type Where } from './undo';
export { type CanvasFile, type WireLink, type WireObject, wireObject, wireView } from './wire';
