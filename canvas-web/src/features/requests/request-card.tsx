import { Check, CircleHelp, ListChecks, ShieldQuestion } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '@/api/calls';
import type { AgentRequest, Answer, Choice, ChoiceKind } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { useDraft } from '@/shared/lib/drafts';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Markdown } from '@/shared/ui/markdown';
import { PatchText } from '@/shared/ui/patch-text';

const looks = {
  permission: { icon: ShieldQuestion, words: 'The agent asks for permission' },
  question: { icon: CircleHelp, words: 'The agent asks' },
  plan: { icon: ListChecks, words: 'The agent wants its plan accepted' },
} as const;

interface Props {
  request: AgentRequest;
  mayAnswer: boolean;
  /** Shown where single keys answer. */
  keys?: boolean;
  onAnswer?: (request: string, answer: Answer) => Promise<AgentRequest>;
}

/** What an agent asks, answered in place; the first answer wins (AGT-2, AGT-3, AGT-4). */
export function RequestCard({ request, mayAnswer, keys = false, onAnswer = api.answer }: Props) {
  const { ask } = request;
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const look = looks[ask.kind];

  const answer = async (words: Answer) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onAnswer(request.id, words);
      return true;
    } catch (error) {
      setProblem(error);
      return false;
    } finally {
      setBusy(false);
    }
  };

  if (request.closed_at) {
    return <Answered request={request} />;
  }
  // Shown in the order it is written: what is allowed must be what is read.
  const title = stripAnsi(ask.title);
  return (
    <section aria-label={`${look.words}: ${title}`} className="rounded-xl border border-progress/50 bg-surface shadow-card">
      <header className="flex items-center gap-2 rounded-t-xl bg-progress-soft px-3 py-1.5 text-progress text-xs">
        <look.icon className="size-4" aria-hidden />
        <span className="font-medium">{look.words}</span>
        <span className="ml-auto">{agoWords(request.created_at, now)}</span>
      </header>
      <div className="flex flex-col gap-2.5 px-3 py-2.5">
        {/* However long it is, the choices stay in sight. */}
        <p className="wrap-break-word max-h-40 overflow-y-auto font-semibold">{title}</p>
        {ask.body.trim() !== '' && ask.body.trim() !== ask.title.trim() && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
          <section tabIndex={0} aria-label="What it is about" className="max-h-72 overflow-y-auto text-sm">
            <Markdown text={ask.body} />
          </section>
        )}
        {ask.diff && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
          <section tabIndex={0} aria-label="What it would change" className="max-h-72 overflow-y-auto">
            <PatchText patch={ask.diff} />
          </section>
        )}
        {problem !== undefined && <ProblemNote title="Your answer was not taken" error={problem} />}
        {mayAnswer ? (
          <Answering request={request} busy={busy} keys={keys} answer={answer} />
        ) : (
          <p className="text-ink-3 text-sm">Somebody who works on this job can answer.</p>
        )}
      </div>
    </section>
  );
}

interface AnsweringProps {
  request: AgentRequest;
  busy: boolean;
  keys: boolean;
  answer: (words: Answer) => Promise<boolean>;
}

function Answering(props: AnsweringProps) {
  switch (props.request.ask.kind) {
    case 'permission':
      return <Permission {...props} />;
    case 'question':
      return <Question {...props} />;
    case 'plan':
      return <Plan {...props} />;
  }
}

export const choiceOf = (choices: readonly Choice[], kind: ChoiceKind): Choice | undefined =>
  choices.find((choice) => choice.kind === kind);

/** Our own words where the meaning is clear; the agent's where it offers several of a kind. */
const ownWords: Record<Exclude<ChoiceKind, 'answer'>, string> = {
  allow_once: 'Allow once',
  allow_always: 'Always in this attempt',
  deny: 'Deny',
};

function wordsFor(choice: Choice, choices: readonly Choice[]): string {
  const alone = choices.filter((each) => each.kind === choice.kind).length === 1;
  return alone && choice.kind !== 'answer' ? ownWords[choice.kind] : choice.label;
}

function Permission({ request, busy, keys, answer }: AnsweringProps) {
  const { choices } = request.ask;
  const deny = choiceOf(choices, 'deny');
  const [explaining, setExplaining] = useState(false);
  const key = (kind: ChoiceKind) => (keys && kind === 'allow_once' ? ' (A)' : keys && kind === 'deny' ? ' (D)' : '');
  return (
    <>
      <div className="flex flex-wrap gap-2">
        {choices.map((choice) => (
          <Button
            key={choice.id}
            look={choice.kind === 'allow_once' ? 'primary' : choice.kind === 'deny' ? 'danger' : 'plain'}
            disabled={busy}
            title={`${choice.label}${key(choice.kind)}`}
            className="max-md:h-10 max-md:flex-1"
            onClick={() => void answer({ choice: choice.id })}
          >
            {wordsFor(choice, choices)}
          </Button>
        ))}
        {deny && !explaining && (
          <Button look="ghost" className="max-md:h-10 max-md:flex-1" disabled={busy} onClick={() => setExplaining(true)}>
            Deny with words…
          </Button>
        )}
      </div>
      {explaining && deny && (
        <Words
          id={request.id}
          label="Say what to do instead"
          busy={busy}
          onCancel={() => setExplaining(false)}
          onSend={(body) => answer({ choice: deny.id, body })}
          send="Deny"
        />
      )}
    </>
  );
}

function Question({ request, busy, answer }: AnsweringProps) {
  const { choices, free_text } = request.ask;
  return (
    <>
      {choices.length > 0 && (
        <div className="flex flex-col gap-1.5">
          {choices.map((choice) => (
            <button
              key={choice.id}
              type="button"
              disabled={busy}
              onClick={() => void answer({ choice: choice.id })}
              className="rounded-lg border border-line-strong px-3 py-2 text-left text-sm hover:border-accent hover:bg-accent-soft disabled:opacity-50"
            >
              {choice.label}
            </button>
          ))}
        </div>
      )}
      {(free_text || choices.length === 0) && (
        <Words
          id={request.id}
          label={choices.length > 0 ? 'Or in your own words' : 'Your answer'}
          busy={busy}
          onSend={(body) => answer({ body })}
          send="Answer"
        />
      )}
    </>
  );
}

function Plan({ request, busy, answer }: AnsweringProps) {
  const { choices } = request.ask;
  const accept = choiceOf(choices, 'allow_once') ?? choiceOf(choices, 'allow_always') ?? choiceOf(choices, 'answer');
  const deny = choiceOf(choices, 'deny');
  const [changing, setChanging] = useState(false);
  return (
    <>
      <div className="flex flex-wrap gap-2">
        {accept && (
          <Button
            look="primary"
            icon={<Check className="size-4" aria-hidden />}
            className="max-md:h-10 max-md:flex-1"
            disabled={busy}
            onClick={() => void answer({ choice: accept.id })}
          >
            Accept the plan
          </Button>
        )}
        {!changing && (
          <Button className="max-md:h-10 max-md:flex-1" disabled={busy} onClick={() => setChanging(true)}>
            Answer with changes…
          </Button>
        )}
      </div>
      {changing && (
        <Words
          id={request.id}
          label="What should be different"
          busy={busy}
          onCancel={() => setChanging(false)}
          onSend={(body) => answer(deny ? { choice: deny.id, body } : { body })}
          send="Send"
        />
      )}
    </>
  );
}

interface WordsProps {
  id: string;
  label: string;
  send: ReactNode;
  busy: boolean;
  onSend: (body: string) => Promise<boolean>;
  onCancel?: () => void;
}

function Words({ id, label, send, busy, onSend, onCancel }: WordsProps) {
  const [text, setText] = useDraft(`request:${id}`);
  const submit = async () => {
    if (text.trim() !== '' && (await onSend(text.trim()))) {
      setText('');
    }
  };
  return (
    <div className="flex flex-col gap-2">
      <textarea
        aria-label={label}
        placeholder={label}
        rows={2}
        className="field resize-y"
        value={text}
        autoFocus={onCancel !== undefined}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void submit();
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            onCancel?.();
          }
        }}
      />
      <div className="flex justify-end gap-2">
        {onCancel && (
          <Button small look="ghost" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button small look="primary" busy={busy} disabled={text.trim() === ''} onClick={() => void submit()}>
          {send}
        </Button>
      </div>
    </div>
  );
}

function Answered({ request }: { request: AgentRequest }) {
  const now = useNow();
  const choice = request.ask.choices.find(({ id }) => id === request.answer?.choice);
  const words = [choice && wordsFor(choice, request.ask.choices), request.answer?.body].filter(Boolean).join(' — ');
  return (
    <p role="status" className="wrap-break-word flex items-start gap-2 rounded-xl border bg-surface px-3 py-2 text-ink-2 text-sm">
      <Check className="mt-0.5 size-4 shrink-0 text-done" aria-hidden />
      <span>
        <span className="wrap-break-word line-clamp-3 font-medium text-ink">{stripAnsi(request.ask.title)}</span>
        <br />
        {request.answer ? `${request.answered_by?.name ?? 'Answered'}: ${words}` : 'Withdrawn, since the attempt ended'}
        {request.closed_at ? `, ${agoWords(request.closed_at, now)}` : ''}
      </span>
    </p>
  );
}
