import {
  ArrowDown,
  ArrowUp,
  ChevronRight,
  Ellipsis,
  Folder,
  FolderOpen,
  FolderPlus,
  Inbox,
  Lock,
  Pencil,
  Plus,
  SquareCheck,
  Trash2,
} from 'lucide-react';
import { memo } from 'react';
import { cx } from '@/shared/lib/cx';
import { IconButton } from '@/shared/ui/button';
import { Menu, MenuItem, MenuLine } from '@/shared/ui/menu';
import { useRowDrag } from './drag';
import { NameInput } from './name-input';
import { asCell, asRow } from './roles';
import { type FolderNode, isShown } from './tree';

export interface FolderActs {
  toggle: (path: string) => void;
  focus: (key: string) => void;
  choose: (key: string, how: { range?: boolean; toggle?: boolean }) => void;
  addJob: (path: string) => void;
  addFolder: (path: string) => void;
  rename: (path: string) => void;
  named: (node: FolderNode, name: string) => void;
  cancelRename: () => void;
  shift: (node: FolderNode, by: -1 | 1) => void;
  moveInto: (node: FolderNode) => void;
  remove: (node: FolderNode) => void;
}

interface Props {
  rowKey: string;
  node: FolderNode;
  level: number;
  open: boolean;
  focused: boolean;
  chosen: number;
  renaming: boolean;
  problem: string | undefined;
  mayEdit: boolean;
  acts: FolderActs;
}

export const FolderRow = memo(function FolderRow({ rowKey, node, level, open, focused, chosen, renaming, problem, mayEdit, acts }: Props) {
  const { element, side, dragging } = useRowDrag(
    { kind: 'folder', path: node.path },
    mayEdit && !renaming && (node.path === '' || node.row !== undefined),
  );
  const shown = node.path === '' || isShown(node);
  const Icon = node.path === '' ? Inbox : open ? FolderOpen : Folder;
  const tab = focused ? 0 : -1;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it has the keys
    // biome-ignore lint/a11y/noStaticElementInteractions: it is a row
    <div
      ref={element}
      {...asRow(level, {
        label: `${node.name}, ${node.count} ${node.count === 1 ? 'job' : 'jobs'}${shown ? '' : ', only private jobs'}`,
        chosen: node.count > 0 && chosen === node.count,
        open,
      })}
      tabIndex={tab}
      data-row={rowKey}
      onFocus={(event) => event.target === event.currentTarget && acts.focus(rowKey)}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('button, input')) {
          return;
        }
        acts.choose(rowKey, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
        if (!event.shiftKey && !event.ctrlKey && !event.metaKey) {
          acts.toggle(node.path);
        }
      }}
      className={cx(
        'group relative h-full cursor-default select-none rounded-lg outline-offset-[-2px] hover:bg-hover',
        dragging && 'opacity-40',
        side === 'into' && 'bg-accent-soft outline-2 outline-accent',
        side === 'before' && 'shadow-[0_-2px_0_var(--accent)]',
        side === 'after' && 'shadow-[0_2px_0_var(--accent)]',
      )}
    >
      <div {...asCell} className="flex h-full items-center gap-2 pr-2" style={{ paddingLeft: `${(level - 1) * 1.25 + 0.5}rem` }}>
        <ChevronRight className={cx('size-4 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')} aria-hidden />
        <Icon className={cx('size-4 shrink-0', node.path === '' ? 'text-ink-3' : 'text-accent')} aria-hidden />
        {renaming ? (
          <NameInput
            label={`New name of ${node.name}`}
            initial={node.name}
            maxLength={60}
            problem={problem}
            onDone={(name) => acts.named(node, name)}
            onCancel={acts.cancelRename}
          />
        ) : (
          <>
            <span dir="auto" className="min-w-0 truncate font-medium text-sm">
              {node.name}
            </span>
            <span className="text-ink-2 text-xs tabular-nums">{node.count}</span>
            {!shown && (
              <span title="Only private jobs are in it: who does not see them does not see this folder.">
                <Lock className="size-3 text-ink-3" aria-hidden />
              </span>
            )}
            <span className="flex-1" />
            {mayEdit && (
              <span className="flex items-center opacity-0 focus-within:opacity-100 group-hover:opacity-100 group-focus:opacity-100 has-data-popup-open:opacity-100 max-md:opacity-100">
                <IconButton
                  small
                  tabIndex={tab}
                  label={node.path === '' ? 'Add a job' : `Add a job to ${node.name}`}
                  className="max-md:hidden"
                  onClick={() => acts.addJob(node.path)}
                >
                  <Plus className="size-4" aria-hidden />
                </IconButton>
                <Menu
                  trigger={
                    <IconButton small tabIndex={tab} label={`More about ${node.name}`} data-menu>
                      <Ellipsis className="size-4" aria-hidden />
                    </IconButton>
                  }
                >
                  <MenuItem icon={<Plus />} onSelect={() => acts.addJob(node.path)}>
                    Add jobs here
                  </MenuItem>
                  <MenuItem icon={<SquareCheck />} disabled={node.count === 0} onSelect={() => acts.choose(rowKey, { toggle: true })}>
                    Select its jobs
                  </MenuItem>
                  {node.path !== '' && shown && (
                    <>
                      <MenuItem icon={<FolderPlus />} disabled={node.depth >= 5} onSelect={() => acts.addFolder(node.path)}>
                        New folder in it
                      </MenuItem>
                      <MenuLine />
                      <MenuItem icon={<Pencil />} onSelect={() => acts.rename(node.path)}>
                        Rename
                      </MenuItem>
                      <MenuItem icon={<ArrowUp />} onSelect={() => acts.shift(node, -1)}>
                        Move up
                      </MenuItem>
                      <MenuItem icon={<ArrowDown />} onSelect={() => acts.shift(node, 1)}>
                        Move down
                      </MenuItem>
                      <MenuItem icon={<Folder />} onSelect={() => acts.moveInto(node)}>
                        Move into…
                      </MenuItem>
                      <MenuLine />
                      <MenuItem icon={<Trash2 />} danger onSelect={() => acts.remove(node)}>
                        Delete
                      </MenuItem>
                    </>
                  )}
                </Menu>
              </span>
            )}
          </>
        )}
      </div>
    </div>
  );
});
