export {
  align,
  distribute,
  type Edge,
  grid,
  inDrawingOrder,
  type Move,
  move,
  moveBy,
  type Resize,
  readingOrder,
  resize,
  tidy,
} from './arrange';
export { duplicate, extent, type Fragment, fragmentOf, type Insertion, insert } from './copies';
export { createObject, createObjects, type NewObject, type Patch, retype, update } from './create';
export { deleteObjects, type Grouping, group, ungroup } from './groups';
export {
  betweenJobs,
  type Connector,
  connect,
  type DependencyChange,
  disconnect,
  moveEnd,
  type NewLink,
  type Relink,
  relink,
} from './links';
export { type Beside, createBeside, moveInto, roomBeside } from './place';
export { type Direction, order } from './stack';
export { nameOf, setText, spliceText } from './texts';
