import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

/** Words looked for; told a moment after the last key. */
export function SearchBox({ id, label, value, onChange }: { id: string; label: string; value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) {
      return;
    }
    const timer = setTimeout(() => {
      sent.current = text.trim();
      latest.current(text.trim());
    }, 150);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className="relative min-w-36 flex-1 md:max-w-56">
      <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
      <input
        id={id}
        type="search"
        aria-label={label}
        placeholder="Search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        className="field h-8 py-0 pl-8 text-sm"
      />
    </div>
  );
}
