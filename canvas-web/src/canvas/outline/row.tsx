import { ArrowUpRight, ChevronRight, ExternalLink, Hourglass, Lock, Milestone } from 'lucide-react';
import { type MouseEvent, type ReactNode, useEffect, useRef, useSyncExternalStore } from 'react';
import { cx } from '@/shared/lib/cx';
import type { OpenDocument } from '../document';
import { hostOf, safeAddress } from '../render/layout';
import type { JobSource } from '../render/painter';
import type { ObjectView } from '../types';
import type { OutlineActions } from './deeds';
import { TypeChip } from './icons';
import { RowMenu } from './row-menu';
import { RowText } from './row-text';
import { linksOf, type Row } from './rows';
import { useView } from './shape';
import type { OutlineState } from './use-outline';
import { faceOf, labelOf, linkWords, nameOf, restOf } from './words';

interface Props {
  row: Row;
  document: OpenDocument;
  jobs: JobSource;
  outline: OutlineState;
  actions: OutlineActions;
  readOnly: boolean;
  active: boolean;
  selected: boolean;
  onOpen: (job: string) => void;
  onPick: (row: Row, more: boolean) => void;
  renderJob?: (job: string) => ReactNode;
}

/** So far each level stands in. */
const indent = 20;

export function OutlineRow(props: Props) {
  const { row, document, jobs, outline, actions, readOnly, active, selected, onOpen, onPick } = props;
  const own = useView(document, outline.shape, row.id);
  const other = useView(document, outline.shape, row.link?.other ?? row.id);
  const view = row.link === null ? own : other;
  useFace(jobs, view?.job ?? null);
  const more = useRef<HTMLButtonElement>(null);
  const item = useRef<HTMLDivElement>(null);
  // A menu closes a moment after what was chosen in it has happened.
  const typing = useRef(false);
  useEffect(() => {
    typing.current = outline.editing !== null || outline.asking !== null;
  });
  if (own === undefined || view === undefined) {
    return null;
  }
  const editing = row.link === null && outline.editing === row.id;
  const links = row.link === null ? linksOf(document, row.id, outline.ofJobs).length : 0;
  const label = row.link === null ? labelOf(document, view, jobs, links) : `${linkWords(row.link)} ${nameOf(view, jobs)}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    <div
      ref={item}
      role="treeitem"
      data-row={row.key}
      data-keyboard={active || undefined}
      tabIndex={active && !editing ? 0 : -1}
      aria-label={label}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={row.opens ? row.open : undefined}
      aria-selected={selected}
      onFocus={(event) => event.target === event.currentTarget && !active && outline.goTo(row.key)}
      onClick={(event) => {
        // Nobody taps twice fast on purpose.
        const again = active && selected && matchMedia('(pointer: coarse)').matches;
        if (isRowItself(event)) {
          again ? outline.open(row) : onPick(row, event.ctrlKey || event.metaKey || event.shiftKey);
        }
      }}
      onDoubleClick={(event) => isRowItself(event) && outline.open(row)}
      onContextMenu={(event) => {
        event.preventDefault();
        more.current?.click();
      }}
      style={{ paddingLeft: 8 + (row.level - 1) * indent }}
      className={cx(
        'group/row flex cursor-default items-start gap-2 rounded-lg py-1 pr-1 outline-none focus-visible:outline-2 focus-visible:outline-ring focus-visible:-outline-offset-2',
        selected ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <Fold row={row} outline={outline} />
      {row.link === null ? (
        <ObjectPart {...props} view={view} editing={editing} label={label} links={links} />
      ) : (
        <LinkPart row={row} view={view} jobs={jobs} words={textOf(document, row)} />
      )}
      {!editing && (
        <div
          className={cx(
            'flex shrink-0 items-center md:opacity-0 md:group-focus-within/row:opacity-100 md:group-hover/row:opacity-100 md:has-data-popup-open:opacity-100',
            row.link === null ? 'h-8' : 'h-8 md:h-6',
            (selected || active) && 'md:opacity-100',
          )}
        >
          <RowMenu
            document={document}
            outline={outline}
            actions={actions}
            row={row}
            readOnly={readOnly}
            name={nameOf(view, jobs)}
            button={more}
            onOpen={onOpen}
            finalFocus={() => (typing.current || window.document.querySelector('[role="dialog"]') !== null ? false : item.current)}
          />
        </div>
      )}
    </div>
  );
}

/** Not a button, a field or a menu of the row. */
function isRowItself({ target, currentTarget }: MouseEvent<HTMLElement>): boolean {
  return target instanceof Element && currentTarget.contains(target) && target.closest('button, a, textarea, [data-fold]') === null;
}

function Fold({ row, outline }: { row: Row; outline: OutlineState }) {
  if (!row.opens) {
    return <span className="w-6 shrink-0" />;
  }
  return (
    <span
      aria-hidden
      data-fold
      onClick={() => outline.fold(row.id, !row.open)}
      className="-mr-1 flex h-8 w-7 shrink-0 items-center justify-center rounded text-ink-3 hover:text-ink"
    >
      <ChevronRight className={cx('size-4 transition-transform', row.open && 'rotate-90')} />
    </span>
  );
}

const textOf = (document: OpenDocument, { link }: Row): string => (link?.link == null ? '' : (document.links.get(link.link)?.text ?? ''));

function LinkPart({ row, view, jobs, words }: { row: Row; view: ObjectView; jobs: JobSource; words: string }) {
  const Icon = row.link?.kind === 'dep' ? (row.link.begins ? Milestone : Hourglass) : ArrowUpRight;
  return (
    <div className="flex min-h-8 min-w-0 flex-1 items-center gap-2 text-ink-2 text-sm md:min-h-6">
      <Icon className={cx('size-4 shrink-0 text-ink-3', row.link?.kind === 'rel' && !row.link.begins && 'rotate-180')} aria-hidden />
      <span className="shrink-0 text-ink-3">{row.link && linkWords(row.link)}</span>
      <span className="truncate">{nameOf(view, jobs)}</span>
      {words !== '' && <span className="truncate text-ink-3 italic">{words}</span>}
    </div>
  );
}

function ObjectPart({
  row,
  document,
  jobs,
  outline,
  actions,
  renderJob,
  view,
  editing,
  label,
  links,
}: Props & { view: ObjectView; editing: boolean; label: string; links: number }) {
  const full = () => actions.say?.('The text is full: it holds 20,000 characters.');
  const rest = restOf(view);
  const address = safeAddress(view.url);
  const inside = view.type === 'group' ? document.children(view.id).length : 0;
  return (
    <>
      <span className="flex h-8 items-center">
        <TypeChip type={view.type} color={view.color} />
      </span>
      {editing ? (
        <RowText document={document} id={row.id} label={`${label}. Text`} onFull={full} onDone={outline.doneEditing} />
      ) : (
        <div className="min-w-0 flex-1 py-1.5">
          <div className="flex items-start gap-2">
            <span
              className={cx(
                'wrap-break-word line-clamp-3 min-w-0 text-sm leading-5',
                (view.type === 'group' || view.type === 'idea' || view.type === 'job') && 'font-medium',
                view.type === 'group' && 'font-semibold',
                view.text.trim() === '' && view.job === null && view.url === null && 'font-normal text-ink-3',
              )}
            >
              {nameOf(view, jobs)}
            </span>
            {view.type === 'group' && <Count of={inside} />}
            {view.locked && <Lock className="mt-1 size-3 shrink-0 text-ink-3" aria-hidden />}
            {links > 0 && !row.open && (
              <span
                aria-hidden
                data-count={links}
                className="mt-0.5 flex after:content-[attr(data-count)] shrink-0 items-center gap-0.5 text-2xs text-ink-3"
                title={links === 1 ? '1 connector' : `${links} connectors`}
              >
                <ArrowUpRight className="size-3" aria-hidden />
              </span>
            )}
          </div>
          {/* The spaces part what is below one another for those who hear it. */}{' '}
          {rest !== '' && <p className="wrap-break-word line-clamp-2 text-ink-2 text-xs">{rest}</p>}{' '}
          {address !== null && (
            <a
              href={address}
              target="_blank"
              rel="noopener noreferrer"
              tabIndex={-1}
              className="inline-flex max-w-full items-center gap-1 text-ink-2 text-xs underline decoration-line-strong underline-offset-2 hover:decoration-ink-2"
            >
              <span className="truncate">{hostOf(address)}</span>
              <ExternalLink className="size-3 shrink-0" aria-hidden />
            </a>
          )}{' '}
          {view.job !== null && (renderJob?.(view.job) ?? <JobWord jobs={jobs} job={view.job} />)}
        </div>
      )}
    </>
  );
}

/** Drawn, not written: the row's name says it in words. */
const Count = ({ of }: { of: number }) => (
  <span
    aria-hidden
    data-count={of}
    className="mt-0.5 shrink-0 rounded-full bg-sunken px-1.5 text-2xs text-ink-3 tabular-nums leading-4 after:content-[attr(data-count)]"
  />
);

function JobWord({ jobs, job }: { jobs: JobSource; job: string }) {
  const face = faceOf(jobs, job);
  return face.number === null ? null : (
    <p className="text-xs" style={{ color: `var(--st-${face.tone})` }}>
      {face.word}
    </p>
  );
}

/** Draws the row again when its job looks different. */
function useFace(jobs: JobSource, job: string | null): void {
  useSyncExternalStore(
    (listener) =>
      jobs.subscribe((changed) => {
        if (job !== null && (changed === null || changed.has(job))) {
          listener();
        }
      }),
    () => (job === null ? undefined : jobs.face(job)),
  );
}
