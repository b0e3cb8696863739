import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useEffect, useRef } from 'react';
import type { Job, Workspace } from '@/api/types';
import { pathWords } from '@/shared/lib/folders';
import { usePhone } from '@/shared/lib/use-media';
import { QuickAdd } from '@/shared/ui/quick-add';
import { type Dragged, type Side, useRowDrops } from './drag';
import { type FolderActs, FolderRow } from './folder-row';
import { type JobActs, JobRow } from './job-row';
import { NameInput } from './name-input';
import { asCell, asRow } from './roles';
import { type Draft, jobsWithin, type Row } from './tree';

interface Props {
  workspace: Workspace;
  rows: readonly Row[];
  focus: string | undefined;
  selected: ReadonlySet<string>;
  renaming: string | undefined;
  /** What was said against the name that is typed. */
  problem: string | undefined;
  mayEdit: boolean;
  folderActs: FolderActs;
  jobActs: JobActs;
  onKey: (event: KeyboardEvent<HTMLElement>) => void;
  onDrop: (dragged: Dragged, target: Dragged, side: Side) => void;
  onMakeFolder: (parent: string, name: string) => void;
  onDraftEnd: () => void;
  onMade: (job: Job) => void;
}

/** The rows, only those in sight of them in the page. */
export function BacklogTree({ rows, focus, selected, onKey, onDrop, ...rest }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const height = usePhone() ? 46 : 34;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 10,
    paddingEnd: 96,
    // What floats at the bottom leaves the row that has the keyboard in sight.
    scrollPaddingEnd: 72,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are all measured anew
  useEffect(() => virtual.measure(), [virtual, height]);
  useRowDrops(scroller, onDrop);
  useFollow(scroller, rows, focus, virtual.scrollToIndex);
  const draftAt = rows.findIndex((row) => row.kind === 'draft');
  const drafting = draftAt >= 0;
  const latestDraft = useRef(draftAt);
  latestDraft.current = draftAt;
  const { scrollToIndex } = virtual;
  useEffect(() => {
    if (drafting) {
      scrollToIndex(latestDraft.current, { align: 'auto' });
    }
  }, [drafting, scrollToIndex]);
  const tabStop = focus ?? rows[0]?.key;
  return (
    <div
      ref={scroller}
      role="treegrid"
      aria-label="Backlog"
      aria-multiselectable
      data-keyboard
      tabIndex={rows.length === 0 ? 0 : -1}
      onKeyDown={onKey}
      className="min-h-0 flex-1 overflow-y-auto px-2 outline-none md:px-3"
    >
      <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <div
                key={item.key}
                role="presentation"
                className="absolute inset-x-0 top-0"
                style={{ height, transform: `translateY(${item.start}px)` }}
              >
                <OneRow
                  {...rest}
                  row={row}
                  focused={row.key === tabStop}
                  chosen={row.kind === 'job' ? Number(selected.has(row.key)) : row.kind === 'folder' ? chosenIn(row, selected) : 0}
                />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function chosenIn(row: Extract<Row, { kind: 'folder' }>, selected: ReadonlySet<string>): number {
  return selected.size === 0 ? 0 : jobsWithin(row.node).reduce((count, job) => count + Number(selected.has(job.id)), 0);
}

type RowProps = Omit<Props, 'rows' | 'selected' | 'focus' | 'onKey' | 'onDrop'> & { row: Row; focused: boolean; chosen: number };

const OneRow = memo(function OneRow({
  workspace,
  row,
  focused,
  chosen,
  renaming,
  problem,
  mayEdit,
  folderActs,
  jobActs,
  ...rest
}: RowProps) {
  switch (row.kind) {
    case 'folder':
      return (
        <FolderRow
          rowKey={row.key}
          node={row.node}
          level={row.level}
          open={row.open}
          focused={focused}
          chosen={chosen}
          renaming={renaming === row.node.path && row.node.path !== ''}
          problem={renaming === row.node.path ? problem : undefined}
          mayEdit={mayEdit}
          acts={folderActs}
        />
      );
    case 'job':
      return (
        <JobRow
          workspace={workspace}
          job={row.job}
          level={row.level}
          focused={focused}
          chosen={chosen > 0}
          mayEdit={mayEdit}
          acts={jobActs}
        />
      );
    case 'draft':
      return <DraftRow workspace={workspace} draft={row.draft} level={row.level} problem={problem} {...rest} />;
  }
});

function DraftRow({
  workspace,
  draft,
  level,
  problem,
  onMakeFolder,
  onDraftEnd,
  onMade,
}: {
  workspace: Workspace;
  draft: Draft;
  level: number;
  problem: string | undefined;
  onMakeFolder: (parent: string, name: string) => void;
  onDraftEnd: () => void;
  onMade: (job: Job) => void;
}) {
  const where = draft.path === '' ? '' : ` in ${pathWords(draft.path)}`;
  return (
    <div {...asRow(level)} className="h-full">
      <div {...asCell} className="flex h-full items-center gap-2 pr-2" style={{ paddingLeft: `${(level - 1) * 1.25 + 0.5}rem` }}>
        {draft.what === 'folder' ? (
          <NameInput
            label={`Name of the new folder${where}`}
            initial=""
            placeholder="Name of the folder"
            maxLength={60}
            problem={problem}
            onDone={(name) => onMakeFolder(draft.path, name)}
            onCancel={onDraftEnd}
          />
        ) : (
          <QuickAdd
            ws={workspace.id}
            label={`New job${where}`}
            draft={`backlog-${workspace.id}-${draft.path}`}
            more={draft.path === '' ? {} : { folder: draft.path }}
            onMade={onMade}
            onClose={onDraftEnd}
          />
        )}
      </div>
    </div>
  );
}

/** The row that has the keyboard is in sight and has it in the page too, unless somebody types elsewhere. */
function useFollow(
  scroller: React.RefObject<HTMLDivElement | null>,
  rows: readonly Row[],
  focus: string | undefined,
  scrollTo: (index: number, options: { align: 'auto' }) => void,
) {
  const inside = useRef(false);
  useEffect(() => {
    const list = scroller.current;
    const came = () => {
      inside.current = true;
    };
    // A row that leaves the page takes the keyboard with it, to nowhere.
    const left = (event: FocusEvent) => {
      inside.current =
        event.relatedTarget === null || (event.relatedTarget instanceof Node && list?.contains(event.relatedTarget) === true);
    };
    list?.addEventListener('focusin', came);
    list?.addEventListener('focusout', left);
    return () => {
      list?.removeEventListener('focusin', came);
      list?.removeEventListener('focusout', left);
    };
  }, [scroller]);
  const at = rows.findIndex((row) => row.key === focus);
  const latest = useRef(at);
  latest.current = at;
  const there = at >= 0;
  useEffect(() => {
    if (!there || focus === undefined) {
      return;
    }
    scrollTo(latest.current, { align: 'auto' });
    const frame = requestAnimationFrame(() => {
      const active = document.activeElement;
      const list = scroller.current;
      const typing = active instanceof HTMLInputElement && active.type !== 'checkbox';
      if (list && inside.current && !typing && (active === document.body || list.contains(active))) {
        list.querySelector<HTMLElement>(`[data-row="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [focus, there, scroller, scrollTo]);
}
