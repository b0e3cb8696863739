import { Link } from '@tanstack/react-router';
import { Bot, Ellipsis, Link2, Lock } from 'lucide-react';
import { memo } from 'react';
import type { Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { stateWords } from '@/shared/lib/words';
import { Avatar, Chip, PriorityMark, StateIcon } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { Menu } from '@/shared/ui/menu';
import { useRowDrag } from './drag';
import { asCell, asRow } from './roles';

export interface JobActs {
  focus: (key: string) => void;
  choose: (key: string, how: { range?: boolean; toggle?: boolean }) => void;
  /** The items of its menu; they are made when it opens. */
  menu: (job: Job) => React.ReactNode;
}

interface Props {
  workspace: Workspace;
  job: Job;
  level: number;
  focused: boolean;
  chosen: boolean;
  mayEdit: boolean;
  acts: JobActs;
}

export const JobRow = memo(function JobRow({ workspace, job, level, focused, chosen, mayEdit, acts }: Props) {
  const { element, side, dragging } = useRowDrag({ kind: 'job', job: job.id }, mayEdit);
  const tab = focused ? 0 : -1;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it has the keys
    // biome-ignore lint/a11y/noStaticElementInteractions: it is a row
    <div
      ref={element}
      {...asRow(level, { label: `#${job.number} ${job.title}`, chosen })}
      tabIndex={tab}
      data-row={job.id}
      onFocus={(event) => event.target === event.currentTarget && acts.focus(job.id)}
      onClick={(event) => {
        const modified = event.shiftKey || event.ctrlKey || event.metaKey;
        if (event.target instanceof Element && event.target.closest('button, input, label')) {
          return;
        }
        // A plain click on the title opens the job; with a key held it chooses, as elsewhere on the row.
        if (event.target instanceof Element && event.target.closest('a')) {
          if (!modified) {
            acts.focus(job.id);
            return;
          }
          event.preventDefault();
        }
        acts.choose(job.id, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
      }}
      className={cx(
        'group relative h-full cursor-default select-none rounded-lg outline-offset-[-2px]',
        chosen ? 'bg-accent-soft' : 'hover:bg-hover',
        dragging && 'opacity-40',
        side === 'before' && 'shadow-[0_-2px_0_var(--accent)]',
        side === 'after' && 'shadow-[0_2px_0_var(--accent)]',
      )}
    >
      <div {...asCell} className="flex h-full items-center gap-2 pr-2" style={{ paddingLeft: `${(level - 1) * 1.25 + 0.5}rem` }}>
        {mayEdit && (
          <label className="-m-1.5 flex p-1.5">
            <input
              type="checkbox"
              tabIndex={-1}
              aria-label={`Select #${job.number}`}
              className={cx(
                'size-3.5 accent-(--accent)',
                !chosen && 'opacity-0 focus-visible:opacity-100 group-hover:opacity-100 group-focus:opacity-100 max-md:opacity-100',
              )}
              checked={chosen}
              onChange={() => acts.choose(job.id, { toggle: true })}
            />
          </label>
        )}
        <span title={stateWords[job.state]} className="flex">
          <StateIcon state={job.state} />
          <span className="sr-only">{stateWords[job.state]}</span>
        </span>
        <span className="w-10 shrink-0 text-ink-2 text-xs tabular-nums max-md:hidden">#{job.number}</span>
        <Link
          to="/w/$slug/backlog"
          params={{ slug: workspace.slug }}
          search={(before) => ({ ...before, job: job.number, tab: undefined, attempt: undefined })}
          draggable={false}
          tabIndex={-1}
          dir="auto"
          className="min-w-0 truncate text-sm hover:underline focus-visible:outline-none"
        >
          {job.title}
        </Link>
        {job.private && <Lock className="size-3 shrink-0 text-ink-3" aria-label="Private" />}
        <span className="flex-1" />
        {job.dependencies.length > 0 && (
          <span
            className="inline-flex shrink-0 items-center gap-0.5 text-2xs text-ink-3 max-md:hidden"
            title={`Waits for ${job.dependencies.length} ${job.dependencies.length === 1 ? 'job' : 'jobs'}`}
          >
            <Link2 className="size-3.5" aria-hidden />
            {job.dependencies.length}
          </span>
        )}
        <span className="flex max-w-[40%] shrink-0 gap-1 overflow-hidden max-md:hidden">
          {job.domains.slice(0, 3).map((domain) => (
            <Chip key={domain} className="max-w-28">
              <span className="truncate">{domain}</span>
            </Chip>
          ))}
          {job.domains.length > 3 && <Chip title={job.domains.slice(3).join(', ')}>+{job.domains.length - 3}</Chip>}
          {job.kind === 'agentic' && (
            <Chip className="max-w-28" title={`Agent: ${job.agent}`}>
              <Bot className="size-3 shrink-0" aria-hidden />
              <span className="truncate">{job.agent === 'any' ? 'any agent' : job.agent}</span>
            </Chip>
          )}
        </span>
        <PriorityMark priority={job.priority} />
        <Avatar name={job.owner.name} />
        <span className="sr-only">{job.owner.name}</span>
        {mayEdit && (
          <Menu
            trigger={
              <IconButton
                small
                tabIndex={tab}
                data-menu
                label={`More about #${job.number}`}
                className="-mr-1 opacity-0 focus-visible:opacity-100 group-hover:opacity-100 group-focus:opacity-100 data-popup-open:opacity-100 max-md:opacity-100"
              >
                <Ellipsis className="size-4" aria-hidden />
              </IconButton>
            }
          >
            {acts.menu(job)}
          </Menu>
        )}
      </div>
    </div>
  );
});
