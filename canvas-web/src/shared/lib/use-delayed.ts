import { useEffect, useState } from 'react';

/** The value once it has stayed the same for so long; the first one at once, and its absence too. */
export function useDelayed<T>(value: T | undefined, ms: number): T | undefined {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return value === undefined ? undefined : (settled ?? value);
}
