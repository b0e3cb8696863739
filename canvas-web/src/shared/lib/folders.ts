/** Folders of the Backlog are paths: names with `/` between them. The server checks them; this only takes them apart. */

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const depthOf = (path: string): number => (path === '' ? 0 : path.split('/').length);
export const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
export const joined = (parent: string, name: string): string => (parent === '' ? name : `${parent}/${name}`);

/** The folders around a path, outermost first, and itself. */
export function chainOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, at) => names.slice(0, at + 1).join('/'));
}

/** `Garden › Beds`, for people. */
export const pathWords = (path: string): string => path.split('/').join(' › ');
