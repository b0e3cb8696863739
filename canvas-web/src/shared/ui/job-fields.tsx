/** Controls of a job's properties, shared by creating and editing. They know nothing of forms: a value in, a change out. */
import { X } from 'lucide-react';
import { type KeyboardEvent, useId, useState } from 'react';
import type { Job, Member, RunnerView, TeamMember, TeamRole } from '@/api/types';
import { Avatar, StateIcon } from './bits';
import { IconButton } from './button';
import { Select } from './forms';

/** Labels typed one after another; Enter or a comma sets one. */
export function DomainsInput({
  id,
  value,
  known,
  onChange,
}: {
  id?: string;
  value: readonly string[];
  known: readonly string[];
  onChange: (value: string[]) => void;
}) {
  const [text, setText] = useState('');
  const list = useId();
  const add = (raw: string) => {
    const added = raw
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '' && !value.includes(word));
    if (added.length > 0) {
      onChange([...value, ...new Set(added)].slice(0, 20));
    }
    setText('');
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if ((event.key === 'Enter' || event.key === ',') && text.trim() !== '') {
      event.preventDefault();
      add(text);
    } else if (event.key === 'Backspace' && text === '' && value.length > 0) {
      onChange(value.slice(0, -1));
    }
  };
  return (
    <div className="field flex flex-wrap items-center gap-1 py-1 focus-within:outline-2 focus-within:outline-ring focus-within:-outline-offset-1">
      {value.map((domain) => (
        <span key={domain} className="inline-flex items-center gap-0.5 rounded-md border bg-sunken pl-1.5 text-xs">
          {domain}
          <button
            type="button"
            aria-label={`Remove ${domain}`}
            className="rounded p-0.5 text-ink-3 hover:text-ink"
            onClick={() => onChange(value.filter((each) => each !== domain))}
          >
            <X className="size-3" aria-hidden />
          </button>
        </span>
      ))}
      <input
        id={id}
        list={list}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        onBlur={() => add(text)}
        placeholder={value.length === 0 ? 'backend, docs, …' : ''}
        className="min-w-20 flex-1 bg-transparent py-0.5 outline-none"
      />
      <datalist id={list}>
        {known
          .filter((domain) => !value.includes(domain))
          .map((domain) => (
            <option key={domain} value={domain} />
          ))}
      </datalist>
    </div>
  );
}

const teamRoleWords: Record<TeamRole, string> = {
  lead: 'Lead · decides and edits',
  editor: 'Editor · works, reviews, answers',
  viewer: 'Viewer · sees it',
};

export function TeamEditor({
  value,
  members,
  onChange,
  readOnly,
}: {
  value: readonly TeamMember[];
  members: readonly Member[];
  onChange: (value: TeamMember[]) => void;
  readOnly?: boolean;
}) {
  const name = (user: string) => members.find((member) => member.user === user)?.name ?? 'Former member';
  const others = members.filter((member) => !value.some((entry) => entry.user === member.user));
  return (
    <div className="flex flex-col gap-2">
      {value.map((entry) => (
        <div key={entry.user} className="flex items-center gap-2">
          <Avatar name={name(entry.user)} className="size-6" />
          <span className="min-w-0 flex-1 truncate text-sm">{name(entry.user)}</span>
          {readOnly ? (
            <span className="text-ink-3 text-sm">{teamRoleWords[entry.role]}</span>
          ) : (
            <>
              <Select
                aria-label={`Role of ${name(entry.user)}`}
                className="w-56 max-w-[50%]"
                value={entry.role}
                onChange={(event) =>
                  onChange(value.map((each) => (each.user === entry.user ? { ...each, role: event.target.value as TeamRole } : each)))
                }
              >
                {Object.entries(teamRoleWords).map(([role, words]) => (
                  <option key={role} value={role}>
                    {words}
                  </option>
                ))}
              </Select>
              <IconButton
                small
                label={`Remove ${name(entry.user)} from the team`}
                onClick={() => onChange(value.filter((each) => each.user !== entry.user))}
              >
                <X className="size-4" aria-hidden />
              </IconButton>
            </>
          )}
        </div>
      ))}
      {value.length === 0 && readOnly && <p className="text-ink-3 text-sm">Nobody besides owner and creator.</p>}
      {!readOnly && others.length > 0 && (
        <Select
          aria-label="Add to the team"
          value=""
          onChange={(event) => event.target.value && onChange([...value, { user: event.target.value, role: 'editor' }])}
        >
          <option value="">Add somebody…</option>
          {others.map((member) => (
            <option key={member.user} value={member.user}>
              {member.name}
            </option>
          ))}
        </Select>
      )}
    </div>
  );
}

export function RoutingSelect({
  value,
  runners,
  onChange,
  ...rest
}: {
  id?: string;
  value: string;
  runners: readonly RunnerView[];
  onChange: (value: string) => void;
  disabled?: boolean;
}) {
  return (
    <Select {...rest} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="mine">My runners</option>
      <option value="team">Shared runners of the job’s team</option>
      <option value="any">Mine or any shared runner</option>
      {value.startsWith('runner:') && !runners.some((runner) => `runner:${runner.id}` === value) && (
        <option value={value}>A runner that is gone</option>
      )}
      {runners.map((runner) => (
        <option key={runner.id} value={`runner:${runner.id}`}>
          Only {runner.name} ({runner.owner.name})
        </option>
      ))}
    </Select>
  );
}

/** Jobs this one waits for. */
export function DependencyPicker({
  id,
  value,
  jobs,
  onAdd,
  onRemove,
  readOnly,
}: {
  id?: string;
  value: readonly string[];
  jobs: readonly Job[];
  onAdd: (job: string) => void;
  onRemove: (job: string) => void;
  readOnly?: boolean;
}) {
  const open = jobs.filter((job) => !value.includes(job.id) && job.state !== 'canceled').sort((a, b) => b.number - a.number);
  return (
    <div className="flex flex-col gap-1.5">
      {value.map((dependency) => {
        const job = jobs.find((each) => each.id === dependency);
        return (
          <div key={dependency} className="flex items-center gap-2 text-sm">
            {job && <StateIcon state={job.state} />}
            <span className="min-w-0 flex-1 truncate">{job ? `#${job.number} ${job.title}` : 'A job you cannot see'}</span>
            {!readOnly && (
              <IconButton small label={`Remove dependency${job ? ` on #${job.number}` : ''}`} onClick={() => onRemove(dependency)}>
                <X className="size-4" aria-hidden />
              </IconButton>
            )}
          </div>
        );
      })}
      {!readOnly && open.length > 0 && (
        <Select id={id} aria-label="Add a dependency" value="" onChange={(event) => event.target.value && onAdd(event.target.value)}>
          <option value="">Add a job it waits for…</option>
          {open.slice(0, 300).map((job) => (
            <option key={job.id} value={job.id}>
              #{job.number} {job.title}
            </option>
          ))}
        </Select>
      )}
    </div>
  );
}
