import { X } from 'lucide-react';
import { useJobs, useMembers } from '@/api/hooks';
import type { ActivityKind } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { Select } from '@/shared/ui/forms';
import { type ActivitySearch, periods } from './filter';
import { kinds, kindWords } from './words';

const periodWords: Record<(typeof periods)[number], string> = { 1: 'Today', 7: 'Last 7 days', 30: 'Last 30 days' };

interface Props {
  ws: string;
  search: ActivitySearch;
  onChange: (change: Partial<ActivitySearch>) => void;
}

/** Narrows Activity by person, kind, job and time. */
export function ActivityBar({ ws, search, onChange }: Props) {
  const members = useMembers(ws);
  const jobs = useJobs(ws);
  const dates = search.from !== undefined || search.to !== undefined;
  const job = Object.values(jobs ?? {}).find(({ number }) => number === search.job);
  const narrowed = Object.values(search).some((value) => value !== undefined);
  return (
    <div className="grid grid-cols-2 items-center gap-2 md:flex md:flex-wrap">
      <Select
        aria-label="Person"
        className="md:w-40"
        value={search.by ?? ''}
        onChange={(event) => onChange({ by: event.target.value || undefined })}
      >
        <option value="">Everybody</option>
        {members.data?.map((member) => (
          <option key={member.user} value={member.user}>
            {member.name}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Kind"
        className="md:w-48"
        value={search.kind ?? ''}
        onChange={(event) => onChange({ kind: (event.target.value || undefined) as ActivityKind | undefined })}
      >
        <option value="">Everything</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kindWords[kind]}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Period"
        className="md:w-40"
        value={dates ? 'dates' : (search.days ?? '')}
        onChange={({ target: { value } }) => {
          const today = new Date();
          const iso = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}-${String(today.getDate()).padStart(2, '0')}`;
          onChange(
            value === 'dates'
              ? { days: undefined, from: search.from ?? iso, to: search.to ?? iso }
              : { days: periods.find((days) => String(days) === value), from: undefined, to: undefined },
          );
        }}
      >
        <option value="">At any time</option>
        {periods.map((days) => (
          <option key={days} value={days}>
            {periodWords[days]}
          </option>
        ))}
        <option value="dates">From … to …</option>
      </Select>
      {dates && (
        <>
          <input
            type="date"
            aria-label="From"
            className="field md:w-36"
            value={search.from ?? ''}
            onChange={(event) => onChange({ from: event.target.value || undefined })}
          />
          <input
            type="date"
            aria-label="To"
            className="field md:w-36"
            value={search.to ?? ''}
            onChange={(event) => onChange({ to: event.target.value || undefined })}
          />
        </>
      )}
      <input
        type="number"
        min={1}
        aria-label="Number of a job"
        title={job?.title}
        placeholder="Job #"
        className="field md:w-24"
        value={search.job ?? ''}
        onChange={(event) => onChange({ job: Number(event.target.value) || undefined })}
      />
      {narrowed && (
        <Button
          look="ghost"
          icon={<X className="size-4" aria-hidden />}
          onClick={() => onChange({ by: undefined, kind: undefined, job: undefined, days: undefined, from: undefined, to: undefined })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
